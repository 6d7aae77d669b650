import type { RouteRecordRaw } from 'vue-router'

const routes: RouteRecordRaw[] = [
  { path: '/lots/:id/hall', component: () => import('./HallPage.vue'), props: true, meta: { title: 'hall.title' } },
]
export default routes
