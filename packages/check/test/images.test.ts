import { expect, test } from 'vitest'
import { within } from '../src/images.js'

test('a file is in an image where its path goes on behind it, whatever is called how', () => {
  const inImage = within(new Set(['a.deb!boot/initrd', 'odd!name']))
  const files = {
    'a.deb!boot/initrd!lib/x.ko': true,
    'a.deb!boot/initrd!sub!x.ko': true,
    'odd!name!x.ko': true,
    'a.deb!boot/initrd': false,
    'a.deb!boot/initrd-2!x.ko': false,
    'a.deb!x.ko': false,
    'x.ko': false,
    '': false,
  }
  for (const [file, is] of Object.entries(files)) expect([file, inImage(file)]).toEqual([file, is])
})
