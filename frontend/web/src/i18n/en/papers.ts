export default {
  renewed: 'The same with further time stamps, for long keeping: provable until {until}', renewedHint: 'It begins with the very bytes of the file that the ledger names; only time stamps were added',
  completedAt: 'Completed {at}', waiting: 'Waiting for signatures', open: 'Open the document (PDF)', unsigned: 'not signed yet', signing: 'Signing…', signAs: 'Sign as {capacity}',
  capacity: { tenderee: 'tenderee', winner: 'winner', agency: 'agency', issuer: 'issuer', leader: 'leader', platform: 'platform' },
}
