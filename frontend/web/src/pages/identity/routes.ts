import type { RouteRecordRaw } from 'vue-router'

const routes: RouteRecordRaw[] = [
  { path: '/login', component: () => import('./LoginPage.vue'), meta: { title: 'identity.loginTitle' } },
  { path: '/phone', component: () => import('./PhonePage.vue'), meta: { title: 'keys.pageTitle' } },
  { path: '/enrol', component: () => import('./EnrolPage.vue'), meta: { title: 'identity.enrolTitle' } },
  { path: '/me', component: () => import('./MePage.vue'), meta: { title: 'identity.meTitle', signedIn: true } },
  { path: '/me/sessions', component: () => import('./SessionsPage.vue'), meta: { title: 'access.sessions', signedIn: true } },
  { path: '/confirm', component: () => import('./ConfirmPage.vue'), meta: { title: 'access.program.title', signedIn: true } },
  { path: '/tasks', component: () => import('./TasksPage.vue'), meta: { title: 'identity.tasksTitle', signedIn: true } },
  { path: '/administration', component: () => import('./AdministrationPage.vue'), meta: { title: 'access.administration', signedIn: true } },
  { path: '/centre/appointments', component: () => import('./AppointmentsPage.vue'), meta: { title: 'access.appointments', signedIn: true } },
  { path: '/centre/parties', component: () => import('./PartiesPage.vue'), meta: { title: 'identity.centreTitle', signedIn: true } },
]
export default routes
