import type { RouteRecordRaw } from 'vue-router'

const routes: RouteRecordRaw[] = [
  { path: '/login', component: () => import('./LoginPage.vue'), meta: { title: 'identity.loginTitle' } },
  { path: '/enrol', component: () => import('./EnrolPage.vue'), meta: { title: 'identity.enrolTitle' } },
  { path: '/me', component: () => import('./MePage.vue'), meta: { title: 'identity.meTitle', signedIn: true } },
  { path: '/tasks', component: () => import('./TasksPage.vue'), meta: { title: 'identity.tasksTitle', signedIn: true } },
  { path: '/centre/parties', component: () => import('./PartiesPage.vue'), meta: { title: 'identity.centreTitle', signedIn: true } },
]
export default routes
