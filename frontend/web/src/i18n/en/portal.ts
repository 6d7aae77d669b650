export default {
  title: 'Notices', openings: 'Openings', lot: 'Lot', status: 'Status',
  hero: 'Public resources traded without anyone meeting', heroHint: 'Your bid is sealed in your own browser; nobody, this platform included, can read it before its hour; afterwards anyone can check that nothing was added, dropped or changed.',
  search: 'Search notices', searchHint: 'Project, code, tenderee', stage: 'Stage', kind: 'Kind', any: 'All', found: '{n} notices', published: 'Published', left: 'Closes in', pages: 'Pages', previous: 'Previous', nextPage: 'Next',
  stages: { draft: 'Draft', planned: 'Planned', published: 'Published', selling: 'Documents on offer', preparing: 'Bids being prepared', opening: 'Opening', opened: 'Opened', failed: 'Failed', terminated: 'Terminated' },
  kinds: { works: 'Works', goods: 'Goods', services: 'Services', government: 'Government procurement', rehearsal: 'Rehearsal' },
  noticeKinds: { tender: 'Tender notice', prequalification: 'Pre-qualification', change: 'Change', clarification: 'Clarification', opening_record: 'Opening record', opening: 'Opening record', failed: 'Failed tender', failure: 'Failed tender', termination: 'Termination', extension: 'Extension' },
  untilDeadline: 'Bids close in', bid: 'Prepare and submit a bid', loginToBid: 'Sign in to bid', facts: 'About the lot', documents: 'Tender documents', deadline: 'Deadline / opening', deadlineHint: 'the instant itself is late', place: 'Place', custodians: 'Custodians', threshold: 'any {k} of {n}', window: 'Decryption window', minutes: '{n} minutes', announced: 'Announced items', parts: 'Parts of a bid',
  from: 'From', to: 'To', noOpenings: 'No openings in this time.', ready: 'The platform works and takes bids', notReady: 'The platform cannot take bids just now; receipts stand', noAnswer: 'The platform does not answer', database: 'Database', store: 'Store', clock: 'Clock offset', up: 'up', down: 'down',
}
