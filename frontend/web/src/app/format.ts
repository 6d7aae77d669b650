// How instants, money and sizes look on a screen: Shanghai time, yuan with two places.
const INSTANT = new Intl.DateTimeFormat('zh-CN', {
  timeZone: 'Asia/Shanghai', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false,
})
const DAY = new Intl.DateTimeFormat('zh-CN', { timeZone: 'Asia/Shanghai', year: 'numeric', month: '2-digit', day: '2-digit', weekday: 'short' })

export const instant = (value: string | number | null | undefined): string => (value === null || value === undefined ? '—' : INSTANT.format(new Date(value)))
export const day = (value: string | number): string => DAY.format(new Date(value))

export function money(value: string | null | undefined): string {
  if (!value) return '—'
  const [whole = '0', cents = '00'] = value.split('.')
  return `${whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',')}.${cents.padEnd(2, '0')}`
}

export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB']
  let value = bytes
  let unit = -1
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`
}

/** The start of a day in Shanghai as a query carries it. */
export const dayStart = (date: string): string => encodeURIComponent(`${date}T00:00:00+08:00`)

/** 3 天 02:11:09 — the parts of a remaining time; never negative. */
export function remaining(milliseconds: number): { days: number; clock: string } {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000))
  const two = (n: number): string => String(n).padStart(2, '0')
  return { days: Math.floor(seconds / 86400), clock: `${two(Math.floor(seconds / 3600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}` }
}
