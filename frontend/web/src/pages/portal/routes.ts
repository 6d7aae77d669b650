import type { RouteRecordRaw } from 'vue-router'

const routes: RouteRecordRaw[] = [
  { path: '/', component: () => import('./NoticesPage.vue'), meta: { title: 'portal.title' } },
  { path: '/openings', component: () => import('./OpeningsPage.vue'), meta: { title: 'portal.openings' } },
  { path: '/lots/:id', component: () => import('./LotPage.vue'), props: true, meta: { title: 'portal.lot' } },
  { path: '/status', component: () => import('./StatusPage.vue'), meta: { title: 'portal.status' } },
]
export default routes
