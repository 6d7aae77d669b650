import type { RouteRecordRaw } from 'vue-router'

const routes: RouteRecordRaw[] = [
  { path: '/centre/experts', component: () => import('./ExpertsPage.vue'), meta: { title: 'evaluation.experts', signedIn: true } },
  { path: '/centre/experts/:id', component: () => import('./ExpertPage.vue'), props: true, meta: { title: 'evaluation.expert', signedIn: true } },
  { path: '/lots/:id/committee', component: () => import('./CommitteePage.vue'), props: true, meta: { title: 'evaluation.committee' } },
  { path: '/lots/:id/evaluation', component: () => import('./DeskPage.vue'), props: true, meta: { title: 'evaluation.desk', signedIn: true } },
]
export default routes
