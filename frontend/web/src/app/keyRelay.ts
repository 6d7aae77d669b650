// The platform's relay between this page and a telephone, as the sealing library wants it.
import { api } from '@/api/client'
import type { RelayApi } from '@/sealing/phone'

const ROOT = '/api/key-relays'
const side = (token: string) => ({ headers: { 'X-Relay-Token': token } })

export const keyRelay: RelayApi = {
  open: (claim) => api.post(ROOT, { claim_sha256: claim }),
  ask: (id, token, request) => api.post(`${ROOT}/${id}/question`, { request }, side(token)),
  read: (id, token) => api.get(`${ROOT}/${id}/answer`, side(token)),
  close: (id, token) => api.delete(`${ROOT}/${id}`, side(token)),
}
