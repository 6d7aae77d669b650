import type { RouteRecordRaw } from 'vue-router'

const routes: RouteRecordRaw[] = [
  { path: '/lots/:id/award', component: () => import('./AwardPage.vue'), props: true, meta: { title: 'awards.title' } },
  { path: '/me/letters', component: () => import('./MyLettersPage.vue'), meta: { title: 'awards.myLetters', signedIn: true } },
]
export default routes
