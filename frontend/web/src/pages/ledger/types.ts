export interface Checkpoint { size: number; root: string; note: string; signed_at: string; witnesses: string[] }
