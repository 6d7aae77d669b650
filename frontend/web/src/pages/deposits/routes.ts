import type { RouteRecordRaw } from 'vue-router'

// The aliases are the addresses that the task list names.
const routes: RouteRecordRaw[] = [
  { path: '/lots/:id/security', component: () => import('./SecurityPage.vue'), props: true, meta: { title: 'deposits.security', signedIn: true } },
  { path: '/lots/:id/deposits', alias: '/lots/:id/guarantees', component: () => import('./LotDepositsPage.vue'), props: true, meta: { title: 'deposits.lotTitle' } },
  { path: '/centre/deposits', alias: '/deposits', component: () => import('./FinancePage.vue'), meta: { title: 'deposits.financeTitle', signedIn: true } },
  { path: '/centre/issuers', alias: '/guarantee-issuers', component: () => import('./IssuersPage.vue'), meta: { title: 'deposits.issuersTitle' } },
]
export default routes
