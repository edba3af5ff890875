/** Whether a reason is one that the service takes. */
export function isReason(text: string): boolean {
  return text.length >= 3 && text.length <= 1024 && text.trim() !== ''
}

/** What a reason has to be. */
export const reasonRange = 'in 3 to 1,024 characters, for whoever reads it later'
