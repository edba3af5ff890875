/** A piece of a message is formatted into a buffer of this many bytes, its NUL among them (BPF_VERIFIER_TMP_LOG_SIZE). */
export const pieceBuffer = 1024

/** More lines than a message of ordinary BTF has: bounds what a blob made for it would have the kernel print. */
export const mostLines = 4096

/**
 * The kernel log while BTF is parsed: every piece of a message is a line of its own (BPF_LOG_KERNEL). Lines are kept as
 * answers have them: trailing blanks trimmed, lines that are empty or only the prefix left out.
 */
export class KernelLog {
  readonly lines: string[] = []
  private readonly prefix: string
  private readonly bare: string

  constructor(prefix: string) {
    this.prefix = prefix
    this.bare = prefix.trimEnd()
  }

  /** One piece of a verifier message (bpf_verifier_vlog). */
  piece(text: string): void {
    if (this.lines.length < mostLines) this.line(this.prefix + text.slice(0, pieceBuffer - 1))
  }

  /** A line of its own, without prefix (pr_warn). A newline within it, in a name, makes two of it. */
  line(text: string): void {
    for (const part of text.includes('\n') ? text.split('\n') : [text]) {
      const line = part.replace(/[ \t]+$/, '')
      if (line !== '' && line !== this.bare) this.lines.push(line)
    }
  }
}
