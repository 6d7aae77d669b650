import type { RouteRecordRaw } from 'vue-router'

const routes: RouteRecordRaw[] = [
  { path: '/projects', component: () => import('./ProjectsPage.vue'), meta: { title: 'tenders.projects', signedIn: true } },
  { path: '/projects/:id', component: () => import('./ProjectPage.vue'), props: true, meta: { title: 'tenders.project', signedIn: true } },
  { path: '/tender-projects/:tenderProjectId/new-lot', component: () => import('./LotEditPage.vue'), props: true, meta: { title: 'tenders.newLot', signedIn: true } },
  { path: '/lots/:id/edit', component: () => import('./LotEditPage.vue'), props: true, meta: { title: 'tenders.editLot', signedIn: true } },
  { path: '/lots/:id/manage', component: () => import('./LotManagePage.vue'), props: true, meta: { title: 'tenders.manage', signedIn: true } },
  { path: '/centre', component: () => import('./CentrePage.vue'), meta: { title: 'tenders.centre', signedIn: true } },
]
export default routes
