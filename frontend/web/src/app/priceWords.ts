// What by its name belongs into the price envelope. The platform and the command line judge alike
// (trading/tenders/price_words.py, bidding/bids/price_words.py).
const WORDS = ['投标函', '报价', '价格', '单价', '总价', '工程量清单', 'price']
// A letter of tender 投标函 and a bill 工程量清单 exist with and without a price, 报价有效期 is none: these leave a doubt.
const CERTAIN = ['已标价', '总价', '单价', '报价表', '报价书', '报价单', '报价文件', '报价清单', '报价一览', '分项报价']
const SHORTEST = 3
const DENIED = /(不含|不载|无)(报价|价格)/

/** True when a title, or a file's name, speaks of a price, and does not say that there is none. */
export const namesPrice = (name: string): boolean => !DENIED.test(name) && WORDS.some((word) => name.toLowerCase().includes(word))

/** True for what can hold nothing but a price: by its words, or as it bears the name of a priced line. */
export const surelyNamesPrice = (title: string, labels: string[]): boolean => !DENIED.test(title) && (CERTAIN.some((word) => title.includes(word)) || labels.some((label) => label.length >= SHORTEST && title.includes(label)))

interface Part { title: string; priced?: boolean }

const titles = (parts: Part[], priced: boolean): string[] => parts.filter((part) => Boolean(part.priced) === priced).map((part) => part.title)
/** What the document itself asks for in the first envelope, 投标函附录 say, is in its place; the name besides. */
const restOf = (name: string, parts: Part[]): string => (DENIED.test(name) ? '' : titles(parts, false).reduce((left, title) => left.replaceAll(title, ''), name))
const bearsPricedTitle = (name: string, parts: Part[]): boolean => !DENIED.test(name) && titles(parts, true).some((title) => restOf(name, parts).includes(title))

/** Files of the first envelope that bear the name of a part that the document asks for in the second. */
export const forbidden = (names: string[], parts: Part[]): string[] => names.filter((name) => bearsPricedTitle(name, parts))

/** The others that speak of a price; that there is one in them only their bidder knows. */
export const doubtful = (names: string[], parts: Part[]): string[] => names.filter((name) => !bearsPricedTitle(name, parts) && namesPrice(restOf(name, parts)))
