#!/usr/bin/env node
// Builds everything: the Prisma client, then every package in order of dependency.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const run = (command, ...args) =>
  execFileSync(process.execPath, [`node_modules/${command}`, ...args], {
    stdio: 'inherit',
    // Prisma would otherwise download an engine binary that nothing here uses; build roots have no network.
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
  })

if (existsSync('prisma/schema.prisma')) run('prisma/build/index.js', 'generate', '--no-hints')
run('typescript/bin/tsc', '-b')
