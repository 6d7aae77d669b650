import type { RouteRecordRaw } from 'vue-router'

const routes: RouteRecordRaw[] = [
  { path: '/custody', component: () => import('./CustodyPage.vue'), meta: { title: 'hall.keeping.title', signedIn: true } },
]
export default routes
