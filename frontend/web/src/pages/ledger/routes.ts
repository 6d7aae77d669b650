import type { RouteRecordRaw } from 'vue-router'

const routes: RouteRecordRaw[] = [
  { path: '/ledger', component: () => import('./LedgerPage.vue'), meta: { title: 'ledger.title' } },
  { path: '/verify', component: () => import('./VerifyPage.vue'), meta: { title: 'ledger.verify' } },
]
export default routes
