// Starts Postgres on the data directory in argv[2], says so in one line, and stays until it is killed.
import { startEmbeddedPostgres } from '@basedrift/runtime'

const quiet = { debug() {}, info() {}, warn() {} }
const { pid, url } = await startEmbeddedPostgres({ dataDir: process.argv[2], log: quiet })
console.log(JSON.stringify({ pid, url }))
setInterval(() => {}, 60_000)
