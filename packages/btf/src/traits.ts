import { parseVersion } from './rules.js'

/** The newest series whose rules are known: what comes later is taken for the same. */
export const newestKnown = '7.3'

/** A point in kernel history: a mainline version, and the stable releases that took the change up. */
interface Since {
  readonly mainline: readonly [major: number, minor: number]
  /** [major, minor, patch] of stable series that have it although they are older. */
  readonly stable?: readonly (readonly [number, number, number])[]
  /** What the change was, and where it can be read. */
  readonly source: string
}

/**
 * Every difference between kernel versions that the checks depend on. Distributions backport: these are the thresholds of
 * mainline, and of stable releases where they are known.
 */
export const kernelFeatures = {
  moduleBtf: {
    mainline: [5, 11],
    source:
      'btf_module_notify, CONFIG_DEBUG_INFO_BTF_MODULES: before it the .BTF of modules is not looked at',
  },
  floatKind: { mainline: [5, 13], source: 'BTF_KIND_FLOAT; the kind takes 5 bits of the info word' },
  emptyDatasec: { mainline: [5, 13], source: 'btf_datasec_check_meta no longer refuses vlen == 0' },
  logSpace: { mainline: [5, 16], source: 'bpf_verifier_vlog prints "BPF: %s" instead of "BPF:%s\\n"' },
  declTagKind: { mainline: [5, 16], source: 'BTF_KIND_DECL_TAG' },
  typeTagKind: { mainline: [5, 17], source: 'BTF_KIND_TYPE_TAG' },
  chainCheck: {
    mainline: [5, 18],
    source: 'btf_check_type_tags: length, cycles and order of modifier chains',
  },
  mismatchOption: { mainline: [5, 18], source: 'CONFIG_MODULE_ALLOW_BTF_MISMATCH' },
  enum64Kind: { mainline: [6, 0], source: 'BTF_KIND_ENUM64, and kind_flag of ENUM as its sign' },
  longNames: { mainline: [6, 1], source: 'KSYM_NAME_LEN is 512 instead of 128' },
  quietMismatch: {
    mainline: [6, 3],
    source:
      'where a mismatch is allowed, per-type lines and the final line give way to one warning per boot (9cb61e50bf6b)',
  },
  dottedNames: {
    mainline: [6, 4],
    stable: [
      [5, 10, 186],
      [5, 15, 119],
      [6, 1, 36],
      [6, 3, 10],
    ],
    source:
      'every identifier may have dots ("bpf/btf: Accept function names that contain dots", 9724160b3942, with net-6.4-rc8)',
  },
  distilledBase: { mainline: [6, 11], source: '.BTF.base and btf_relocate' },
  marksAllEmbedded: {
    mainline: [6, 14],
    stable: [
      [6, 12, 13],
      [6, 13, 2],
    ],
    source:
      'btf_relocate looks for embedded structs in every type of the module ("Fix incorrect traversal end type ID when marking BTF_IS_EMBEDDED")',
  },
  printableSections: { mainline: [6, 12], source: 'btf_name_valid_section: any printable characters' },
  tagFlag: { mainline: [6, 15], source: 'kind_flag of DECL_TAG and TYPE_TAG stands for an attribute' },
  wideInfo: { mainline: [7, 0], source: '7 bits of kind, 24 of vlen, no reserved bits in the info word' },
  layoutSection: { mainline: [7, 0], source: 'struct btf_header has 32 bytes: layout_off and layout_len' },
  moduleSizeCheck: {
    mainline: [6, 4],
    source: 'elf_validity_check compares the size of .gnu.linkonce.this_module with sizeof(struct module)',
  },
  exportFlags: {
    mainline: [7, 1],
    source: '__kflagstab: modules that export need it, and __ksymtab_gpl is not looked at (55fcb926b6d8)',
  },
  extendedVersions: {
    mainline: [6, 14],
    source: 'check_version goes by __version_ext_crcs alone where a module has it (54ac1ac8edeb)',
  },
  kfuncSets: { mainline: [5, 18], source: 'register_btf_kfunc_id_set, BTF_KFUNC_SET_MAX_CNT 32' },
  dtorKfuncs: { mainline: [5, 19], source: 'register_btf_id_dtor_kfuncs' },
  manyKfuncs: { mainline: [6, 1], source: 'BTF_KFUNC_SET_MAX_CNT 256' },
  kfuncsWithoutBtf: {
    mainline: [6, 1],
    source: 'register_btf_kfunc_id_set returns 0 for a module without BTF, ENOENT before',
  },
  kfuncProtos: {
    mainline: [6, 4],
    source: 'btf_check_kfunc_protos: every id must be a FUNC of a FUNC_PROTO',
  },
  kfuncFlag: { mainline: [6, 9], source: 'sets of kfuncs must have BTF_SET8_KFUNCS' },
  dtorsWithoutBtf: {
    mainline: [6, 9],
    source:
      'register_btf_id_dtor_kfuncs returns 0 for a module without BTF, ENOENT before (check_btf_kconfigs)',
  },
  freeTagOrder: { mainline: [7, 0], source: 'btf_check_modifier_chain_length: type tags may stand anywhere' },
} as const satisfies Record<string, Since>

export type KernelFeature = keyof typeof kernelFeatures

/** What a kernel version has, and the numbers that follow from it. */
export interface KernelTraits extends Readonly<Record<KernelFeature, boolean>> {
  /** Bits of the info word that must be 0. */
  readonly reservedInfo: number
  readonly kindMask: number
  readonly vlenMask: number
  readonly lastKind: number
  /** sizeof(struct btf_header). */
  readonly headerSize: number
  /** KSYM_NAME_LEN: the longest name. */
  readonly longestName: number
  /** What stands before each piece of a log message. */
  readonly logPrefix: string
}

/**
 * The traits of a kernel version.
 * @throws BtfError `rules-invalid`
 */
export function traitsOf(version: string): KernelTraits {
  const { major, minor, patch } = parseVersion(version)
  const has = {} as Record<KernelFeature, boolean>
  for (const feature of Object.keys(kernelFeatures) as KernelFeature[]) {
    const since: Since = kernelFeatures[feature]
    has[feature] =
      major > since.mainline[0] ||
      (major === since.mainline[0] && minor >= since.mainline[1]) ||
      (since.stable?.some((stable) => stable[0] === major && stable[1] === minor && patch >= stable[2]) ??
        false)
  }
  return {
    ...has,
    reservedInfo: has.wideInfo ? 0 : has.floatKind ? 0x60ff0000 : 0x70ff0000,
    kindMask: has.wideInfo ? 0x7f : has.floatKind ? 0x1f : 0x0f,
    vlenMask: has.wideInfo ? 0xffffff : 0xffff,
    lastKind: has.enum64Kind ? 19 : has.typeTagKind ? 18 : has.declTagKind ? 17 : has.floatKind ? 16 : 15,
    headerSize: has.layoutSection ? 32 : 24,
    longestName: has.longNames ? 512 : 128,
    logPrefix: has.logSpace ? 'BPF: ' : 'BPF:',
  }
}
