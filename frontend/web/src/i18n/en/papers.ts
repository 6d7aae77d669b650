export default {
  completedAt: 'Completed {at}', waiting: 'Waiting for signatures', open: 'Open the document (PDF)', unsigned: 'not signed yet', signing: 'Signing…', signAs: 'Sign as {capacity}',
  capacity: { tenderee: 'tenderee', winner: 'winner', agency: 'agency', issuer: 'issuer', leader: 'leader', platform: 'platform' },
}
