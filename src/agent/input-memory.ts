import { ChunkPool } from './chunk-pool.ts';

const MIB = 2 ** 20;
/**
 * Input is read in pieces of about a mini-batch, within these bounds. A piece arrives once per turn of the event loop, and
 * a turn that sends 6 MB takes a millisecond or more: with 1 MiB at a time, reading was what a job of large requests waited for.
 */
const MIN_CHUNK_BYTES = MIB;
const MAX_CHUNK_BYTES = 4 * MIB;
/** 100 MB of open requests and what is read ahead. */
const MAX_INPUT_BYTES = 112 * MIB;

/**
 * The memory for an agent's input: enough chunks for the open requests and as much again read ahead, within the bound; but
 * always for one mini-batch that straddles its chunks, the rest of another, and the read ahead, without which nothing would
 * move.
 */
export function inputMemory(maxPayloadBytes: number, concurrency: number): ChunkPool {
  const chunkBytes = Math.min(Math.max(2 ** Math.ceil(Math.log2(maxPayloadBytes)), MIN_CHUNK_BYTES), MAX_CHUNK_BYTES);
  const least = Math.ceil(maxPayloadBytes / chunkBytes) + 3;
  const wanted = Math.ceil((maxPayloadBytes * (concurrency + 1)) / chunkBytes) + 3;
  return new ChunkPool(chunkBytes, Math.max(least, Math.min(wanted, MAX_INPUT_BYTES / chunkBytes)));
}

/** The memory for objects that are streamed: for each of them one chunk that is sent and one that is read. */
export function streamMemory(concurrency: number): ChunkPool {
  return new ChunkPool(MIB, 2 * concurrency);
}
