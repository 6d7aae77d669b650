// A question before an act that cannot be taken back, asked in the page itself (app/AskSure). The browser's own
// confirm() will not do where a PDF lies in a frame: as its viewer loads, Chromium shuts the question and answers no.
import { shallowRef } from 'vue'

export interface Question { readonly text: string; readonly answer: (yes: boolean) => void }

export const question = shallowRef<Question | null>(null)

/** True once the person says yes; another question, or another page, is a no to this one. */
export function sure(text: string): Promise<boolean> {
  question.value?.answer(false)
  return new Promise((resolve) => {
    question.value = {
      text,
      answer: (yes) => {
        question.value = null
        resolve(yes)
      },
    }
  })
}
