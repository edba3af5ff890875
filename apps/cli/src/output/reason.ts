/** What help and advice have where a reason belongs. */
const placeholder = /^\W*(?:why|reason|text)\W*$/i

/** Whether a reason is one that the service takes, and not advice that was copied as it is. */
export function isReason(text: string): boolean {
  return text.length >= 3 && text.length <= 1024 && text.trim() !== '' && !placeholder.test(text)
}

/** What a reason has to be. */
export const reasonRange = 'in 3 to 1,024 characters and words of your own, for whoever reads it later'
