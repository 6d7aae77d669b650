import type { RouteRecordRaw } from 'vue-router'

const routes: RouteRecordRaw[] = [
  { path: '/lots/:id/bid', component: () => import('./BidPage.vue'), props: true, meta: { title: 'bidding.title', signedIn: true } },
  { path: '/my-bids', component: () => import('./MyBidsPage.vue'), meta: { title: 'bidding.mine', signedIn: true } },
]
export default routes
