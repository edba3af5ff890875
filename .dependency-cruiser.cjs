// The import rules of the house: dependencies point one way. Each entry lists what a folder may import of the others.
const allowed = {
  'packages/btf': [],
  'packages/contract': [],
  'packages/artifacts': ['packages/btf'],
  'packages/check': ['packages/btf', 'packages/artifacts'],
  'packages/runtime': ['packages/contract'],
  'packages/ledger': ['packages/contract', 'packages/runtime'],
  'packages/jobs': ['packages/ledger', 'packages/contract', 'packages/runtime'],
  'packages/notify': ['packages/ledger', 'packages/contract', 'packages/runtime'],
  'apps/web': ['packages/contract', 'packages/btf', 'packages/artifacts', 'packages/check'],
  'apps/api': ['packages/'],
  'apps/worker': ['packages/'],
  'apps/cli': ['packages/', 'apps/api/(src|dist)/(app|server)\\.', 'apps/worker/(src|dist)/main\\.'],
}

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...Object.entries(allowed).map(([folder, may]) => ({
      name: `imports-of-${folder.replace('/', '-')}`,
      comment: `${folder} may import ${may.length === 0 ? 'no other folder' : may.join(', ')}`,
      severity: 'error',
      from: { path: `^${folder}/(src|dist|bin)` },
      to: {
        path: '^(packages|apps)/',
        pathNot: [`^${folder}/`, ...may.map((folderOrFile) => `^${folderOrFile}`)],
      },
    })),
    {
      name: 'engine-is-pure',
      comment: 'packages/btf has no dependencies and does no I/O',
      severity: 'error',
      from: { path: '^packages/btf/src' },
      to: { pathNot: '^packages/btf/src' },
    },
    {
      name: 'readers-run-in-a-browser',
      comment: 'packages/artifacts/src/bytes is also the browser’s: no Node modules, no npm packages',
      severity: 'error',
      from: { path: '^packages/artifacts/src/bytes' },
      to: { pathNot: ['^packages/artifacts/src/bytes', '^packages/btf/'] },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-undeclared',
      comment: 'a package declares the npm packages that it imports',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/src' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], pathNot: '^(packages|apps)/' },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: ['/generated/', '/test/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    combinedDependencies: false,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
}
