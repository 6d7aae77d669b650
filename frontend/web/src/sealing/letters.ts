/** Opened guarantee letters, kept in this browser until they are sealed into the bid; the platform never sees one before. */
import type { Letter } from './body'
import { discard, keep, recall } from './vault'

export type KeptLetter = { readonly id: string; readonly order: string; readonly keptAt: number; readonly letter: Letter }

const idOf = (lot: string, party: string): string => `${lot}:${party}`

export const keepLetter = (lot: string, party: string, order: string, letter: Letter): Promise<void> =>
  keep<KeptLetter>('letters', { id: idOf(lot, party), order, keptAt: Date.now(), letter })

export const letterFor = (lot: string, party: string): Promise<KeptLetter | undefined> => recall<KeptLetter>('letters', idOf(lot, party))

export const dropLetter = (lot: string, party: string): Promise<void> => discard('letters', idOf(lot, party))
