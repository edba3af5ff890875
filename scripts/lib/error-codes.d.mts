/** A group of error codes with what each means. */
export interface CodeGroup {
  title: string
  codes: Record<string, string>
}

/** Groups of codes in the order of the page. */
export function errorCodes(): CodeGroup[]
