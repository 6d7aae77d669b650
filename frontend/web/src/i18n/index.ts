// Chinese first, English second; one file an area and language, merged here.
import { createI18n } from 'vue-i18n'

type Messages = Record<string, unknown>
const found = import.meta.glob<{ default: Messages }>('./{zh,en}/*.ts', { eager: true })

function messages(language: string): Messages {
  const all: Messages = {}
  for (const [path, module] of Object.entries(found)) {
    const [, folder, file] = path.split('/')
    if (folder === language && file) all[file.replace('.ts', '')] = module.default
  }
  return all
}

const stored = localStorage.getItem('yunkai.language')
// Screen readers choose their voice by this.
const tell = (language: 'zh' | 'en'): void => { document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en' }
tell(stored === 'en' ? 'en' : 'zh')
export const i18n = createI18n({
  legacy: false,
  locale: stored === 'en' ? 'en' : 'zh',
  fallbackLocale: 'zh',
  messages: { zh: messages('zh'), en: messages('en') } as never,
})

export function setLanguage(language: 'zh' | 'en'): void {
  i18n.global.locale.value = language
  localStorage.setItem('yunkai.language', language)
  tell(language)
}
