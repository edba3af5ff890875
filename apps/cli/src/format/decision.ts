import type { Decision } from '@basedrift/contract'
import type { Destination } from '../output/destination.js'
import { json } from '../output/write.js'
import { gateJunit } from './gate-junit.js'
import { gateSarif } from './gate-sarif.js'
import { gateTable } from './gate-table.js'
import { tableOptionsFor } from './table-options.js'

export type DecisionFormat = 'table' | 'json' | 'junit' | 'sarif'

/** How a decision of the service at `server` is written in each format; reports link to it there. */
export function decisionWriter(
  decision: Decision,
  server: string,
): (format: DecisionFormat, to: Destination) => string {
  return (format, to) => {
    switch (format) {
      case 'table':
        return gateTable(decision, tableOptionsFor(to))
      case 'json':
        return json(decision)
      case 'junit':
        return gateJunit(decision, server)
      case 'sarif':
        return json(gateSarif(decision, server))
    }
  }
}
