// Files that go to the platform inside a message.
import { base64 } from '@/sealing/bytes'

export interface EvidenceFile { name: string; content: string }

export const evidenceOf = (files: Iterable<File>): Promise<EvidenceFile[]> =>
  Promise.all([...files].map(async (file) => ({ name: file.name, content: base64(new Uint8Array(await file.arrayBuffer())) })))
