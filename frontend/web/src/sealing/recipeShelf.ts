/**
 * The recipe of a version under way, in the browser's store until it is submitted: locked under the plaintext, so an
 * upload that goes on after a closed tab still has it, and who finds it here without the files has nothing.
 */
import { base64, concat, fromBase64 } from './bytes'
import { insist } from './faults'
import { type Header, headerDigest } from './header'
import type { StoredPart } from './manifest'
import { type BothSecrets, type KeptRecipe, lockRecipe, recipeText, type ToLock } from './recipe'
import { amend, discard, keep, recall } from './vault'

type Shelved = { readonly id: string; readonly count: number; readonly objects: Readonly<Record<string, KeptRecipe>> }

const SHELF = 'recipes'

export class RecipeKeeper {
  private constructor(private readonly version: string) {}

  /** A fresh one for a bid of `count` objects. */
  static async begin(version: string, count: number): Promise<RecipeKeeper> {
    await keep<Shelved>(SHELF, { id: version, count, objects: {} })
    return new RecipeKeeper(version)
  }

  /** The one that was begun for this version; null where none was wanted. */
  static async of(version: string): Promise<RecipeKeeper | null> {
    return (await recall<Shelved>(SHELF, version)) === undefined ? null : new RecipeKeeper(version)
  }

  /** Takes an object that is being sealed, in the place of another of its kind that was not finished. */
  async keep(both: BothSecrets, object: ToLock): Promise<void> {
    const entry = await lockRecipe(both, object)
    await this.#change((objects) => ({ ...Object.fromEntries(Object.entries(objects).filter(([, { of }]) => of !== object.of)), [object.header]: entry }))
  }

  /** Adds the IV of each part as it was sent last; refuses an object that was sealed without. */
  async finish(header: Header, parts: readonly StoredPart[]): Promise<void> {
    const digest = await headerDigest(header)
    const entry = (await this.#recalled())?.objects[digest]
    insist(entry !== undefined && parts.every(({ iv }) => iv !== undefined), 'no-recipe', 'this object was sealed without a recipe')
    const nonces = base64(concat(...parts.map(({ iv }) => fromBase64(iv ?? ''))))
    await this.#change((objects) => ({ ...objects, [digest]: { ...entry, nonces } }))
  }

  /** The file's text, once every object of the bid is in it; null before. */
  async text(): Promise<string | null> {
    const found = await this.#recalled()
    const isWhole = found !== undefined && Object.values(found.objects).filter(({ nonces }) => nonces !== undefined).length === found.count
    return isWhole ? recipeText(found.objects) : null
  }

  forget(): Promise<void> {
    return discard(SHELF, this.version)
  }

  #recalled(): Promise<Shelved | undefined> {
    return recall<Shelved>(SHELF, this.version)
  }

  #change(change: (objects: Shelved['objects']) => Shelved['objects']): Promise<void> {
    return amend<Shelved>(SHELF, this.version, (record) => ({ ...record, objects: change(record.objects) }))
  }
}
