/**
 * The id of the job that rings a bell of a task. BullMQ refuses ids with `:` and ids that are integers, and keeps to one
 * job an id, so the same bell rung twice is one job.
 */
export function jobId(taskId: string, bell: number): string {
  return `${encodeURIComponent(taskId)}@${bell}`
}
