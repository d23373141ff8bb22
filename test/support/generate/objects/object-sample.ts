import type { ProcessPlan } from './object-plan.js';

/** Processes of a small machine: some hidden, one ended, each method with something that another lacks. */
export const SAMPLE_PROCESSES: readonly ProcessPlan[] = [
  { pid: 4, name: 'System', threads: [8, 12, 16], opens: [], files: 3, keys: 2 },
  { pid: 300, ppid: 4, name: 'smss.exe', threads: [304], files: 1 },
  { pid: 400, ppid: 392, name: 'csrss.exe', session: 0, threads: [404, 408], opens: [460, 700, 760, 820] },
  { pid: 460, ppid: 392, name: 'wininit.exe', session: 0, threads: [464] },
  { pid: 500, ppid: 492, name: 'CSRSS.EXE', session: 1, threads: [504, 508], opens: [600, 900] },
  {
    pid: 600,
    ppid: 492,
    name: 'explorer.exe',
    session: 1,
    threads: [604, 608, 612],
    opens: [600],
    files: 600,
    keys: 40,
  },
  { pid: 700, ppid: 600, name: 'svhost.exe', session: 1, isUnlinked: true, threads: [704] },
  { pid: 760, ppid: 600, name: 'ghost.exe', isUnlinked: true, isWithoutId: true, opens: [764] },
  { pid: 764, ppid: 600, name: 'ghost2.exe', isUnlinked: true, isWithoutId: true, hasHandleTable: false, session: 2 },
  { pid: 768, ppid: 600, name: 'ghost3.exe', isUnlinked: true, isWithoutId: true, session: 2, threads: [772] },
  { pid: 820, ppid: 600, name: 'a-very-long-name.exe', isTerminated: true },
  { pid: 900, ppid: 600, name: 'deep.exe', session: 1, handleLevels: 2, files: 2, threads: [904] },
];

/** One real build for each structure layout that is known. */
export const OBJECT_BUILDS = [
  '6.1.7601.24540',
  '6.3.9600.20369',
  '10.0.14393.5291',
  '10.0.17763.3770',
  '10.0.19041.1466',
  '10.0.20348.1547',
  '10.0.22000.1219',
];
