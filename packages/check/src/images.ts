/** Whether a file (members after `!`) was found in one of these images; looked up, as of images and modules there may be very many. */
export function within(images: ReadonlySet<string>): (file: string) => boolean {
  return (file) => {
    for (let at = file.indexOf('!'); at >= 0; at = file.indexOf('!', at + 1))
      if (images.has(file.slice(0, at))) return true
    return false
  }
}
