import { hashOfKey } from '../table/hash-law.js';

/**
 * The tags that the kernel enters first when it creates table 0 (`ExpSeedHotTags`), in this order: so their slots
 * follow from N alone, in every Windows from 10240 to at least 28000, whether used or not. Other processors' tables
 * are not seeded. ReactOS enters the same tags except the last (`BIG `).
 */
const SEEDED =
  'Io  Hal MdlPPooLObStIrp NDdbIrpLIoOpMdl FileCMVaSeSdNtFCPoolTCPrCMNbSeTdNtFsTCPTTCPCKey ObSqIoNmIoEaTCPcNtFaNtf0' +
  'SectIrpSTokeSe  ObClCcScNtFLSeAcFSfmCcWkFSimAfdCAfdEFSroNtfnUIRPNpFrNpFRSePaSeUsAcpFAcpMSeScObNmNpFsSeLuScPD' +
  'EvenRqrvVadlPp  VadSVad VadLVadFMmdi';

export const SEEDED_KEYS: readonly number[] = Array.from({ length: SEEDED.length / 4 }, (_, index) =>
  Buffer.from(SEEDED.slice(index * 4, index * 4 + 4), 'latin1').readUInt32LE(),
);

/** Slot of each seeded key in a table of N = `slots`: the home slot, or the next that no earlier seed took. */
export function seededSlots(slots: number): ReadonlyMap<number, number> {
  const taken = new Map<number, number>();
  for (const key of SEEDED_KEYS) {
    let slot = hashOfKey(key) & (slots - 1);
    for (let step = 0; step < slots && taken.has(slot); step++) slot = (slot + 1) & (slots - 1);
    if (!taken.has(slot)) taken.set(slot, key);
  }
  return taken;
}
