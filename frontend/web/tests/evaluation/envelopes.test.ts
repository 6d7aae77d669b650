/** Which envelope what belongs into, by its name; the command line judges alike (tests/unit/test_price_words.py). */
import { describe, expect, it } from 'vitest'
import { doubtful, forbidden, namesPrice, surelyNamesPrice } from '@/app/priceWords'
import { newDraft, withEnvelopes } from '@/pages/tenders/draft'

const PARTS = [{ title: '投标函', priced: true }, { title: '综合单价分析', priced: true }, { title: '商务文件' }, { title: '投标函附录', priced: false }]

describe('what names a price', () => {
  it('is known by its words, and by what it says of itself', () => {
    expect(['投标函', '已标价工程量清单', '报价文件', 'Price list', '技术文件', '投标函（不含报价）', '商务文件'].map(namesPrice)).toEqual([true, true, true, true, false, false, false])
  })

  it('is out of place in the first envelope, unless the document asks for it there', () => {
    const names = ['01投标函.pdf', '投标函附录.pdf', '综合单价分析.xlsx', '商务文件.pdf', '商务文件与报价.pdf', '投标函（不含报价）.pdf', '施工组织设计.pdf']
    expect(forbidden(names, PARTS)).toEqual(['01投标函.pdf', '综合单价分析.xlsx'])
    expect(doubtful(names, PARTS)).toEqual(['商务文件与报价.pdf'])
  })
})

describe('what is a price beyond doubt', () => {
  it('is so by its words, or by the name of a priced line', () => {
    const titles = ['已标价工程量清单', '报价文件', '综合单价分析', '下浮率承诺', '投标函', '工程量清单', '报价有效期', '报价表（不含报价）']
    expect(titles.map((title) => surelyNamesPrice(title, ['下浮率', '价']))).toEqual([true, true, true, true, false, false, false, false])
  })
})

describe('a document of two envelopes', () => {
  it('begins with the letter of tender and a part for the price in the second', () => {
    const two = withEnvelopes(newDraft(), true)
    expect(two.bid_parts.map((part) => [part.title, part.priced])).toEqual([['投标函', true], ['商务文件', false], ['技术文件', false], ['报价文件', true]])
    expect(withEnvelopes(two, true).bid_parts).toEqual(two.bid_parts)
    expect(withEnvelopes(two, false).bid_parts.some((part) => part.priced)).toBe(false)
  })

  it('keeps what was decided by hand', () => {
    const draft = newDraft()
    const parts = [{ number: '1', title: '投标函（不含报价）', required: true, priced: false }, { number: '2', title: '附表', required: true, priced: true }]
    expect(withEnvelopes({ ...draft, bid_parts: parts }, true).bid_parts).toEqual(parts)
  })
})
