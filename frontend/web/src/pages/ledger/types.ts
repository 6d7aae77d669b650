export interface Checkpoint { size: number; root: string; note: string; signed_at: string; witnesses: string[] }
/** A time stamp over a checkpoint. */
export interface Stamp { size: number; authority: string; at: string; token?: string }
/** Answer of the list: the newest, the newest that was cosigned, the last that was stamped. */
export interface Heads { newest: Checkpoint | null; witnessed: Checkpoint | null; stamped: Stamp | null; checkpoints: Checkpoint[] }
/** Answer for one size. */
export interface CheckpointDocument extends Checkpoint { kind: 'checkpoint'; key: string; stamp: Stamp | null }
export interface Witness { id: string; name: string; key: string; party: string; party_name: string; registered_at: string; retired_at: string | null; standing: 'current' | 'behind' | 'silent' | 'retired'; last_size: number | null; last_at: string | null }
