// What by its name belongs into the price envelope. The command line judges alike (bidding/bids/price_words.py).
const WORDS = ['投标函', '报价', '价格', '单价', '总价', '工程量清单', 'price']

const DENIED = /(不含|不载|无)(报价|价格)/

/** True when a title, or a file's name, speaks of a price, and does not say that there is none. */
export const namesPrice = (name: string): boolean => !DENIED.test(name) && WORDS.some((word) => name.toLowerCase().includes(word))

interface Part { title: string; priced?: boolean }

/** Files of the first envelope that by their names belong into the second: a priced part's, or one that speaks of a price. */
export function misplaced(names: string[], parts: Part[]): string[] {
  const titles = (priced: boolean): string[] => parts.filter((part) => Boolean(part.priced) === priced).map((part) => part.title)
  return names.filter((name) => {
    // What the document itself asks for in the first envelope, 投标函（不含报价） say, is in its place.
    const rest = titles(false).reduce((left, title) => left.replaceAll(title, ''), name)
    return !DENIED.test(name) && (namesPrice(rest) || titles(true).some((title) => rest.includes(title)))
  })
}
