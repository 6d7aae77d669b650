import type { RouteRecordRaw } from 'vue-router'

const routes: RouteRecordRaw[] = [
  { path: '/trust', component: () => import('./TrustPage.vue'), meta: { title: 'trust.title' } },
  { path: '/trust/editions/:number', component: () => import('./EditionPage.vue'), props: true, meta: { title: 'trust.editions' } },
]
export default routes
