// Each area brings its own routes; a title is an i18n key, and `signedIn` marks a page that needs a session.
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { nextTick, watch } from 'vue'
import { i18n } from '@/i18n'
import { useSession } from '@/stores/session'

const found = import.meta.glob<{ default: RouteRecordRaw[] }>('../pages/*/routes.ts', { eager: true })
const routes: RouteRecordRaw[] = [
  ...Object.values(found).flatMap((module) => module.default),
  { path: '/:rest(.*)*', component: () => import('@/pages/NotFound.vue'), meta: { title: 'common.notFound' } },
]

const { t: translate } = i18n.global as unknown as { t: (key: string) => string }

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

// The server decides every right; here one is only spared a page that could show nothing but a refusal.
router.beforeEach(async (to) => {
  if (to.meta.signedIn !== true) return true
  const session = useSession()
  if (!session.loaded) await session.load()
  return session.signedIn ? true : { path: '/login', query: { next: to.fullPath } }
})

function nameTab(title: unknown): void {
  document.title = `${translate(typeof title === 'string' ? title : 'common.platform')} · ${translate('common.platform')}`
}
watch(i18n.global.locale, () => { nameTab(router.currentRoute.value.meta.title) })

router.afterEach((to, from) => {
  nameTab(to.meta.title)
  // A new page moves the focus to its heading, as a full load would.
  if (from.matched.length && to.path !== from.path) void nextTick(() => document.getElementById('main')?.focus())
})
