/** Linux's fcntl command (include/uapi/linux/fcntl.h): the bytes that a pipe holds before its writer has to wait. */
const F_SETPIPE_SZ = 1031;

/** What the system gives to anybody (/proc/sys/fs/pipe-max-size); it holds 64 KiB otherwise. */
const WIDE = 1 << 20;

/**
 * Lets a pipe of Linux hold more, so that its writer and its reader wait for each other less often. The only call that
 * Node has no function for: it is made through koffi where that is installed. Without it, or where the system has no more
 * to give, the pipe stays as it is.
 */
export async function widenPipe(descriptor: number): Promise<void> {
  try {
    const { default: koffi } = await import('koffi');
    const fcntl = koffi.load(null).func('int fcntl(int, int, ...)') as (...args: unknown[]) => number;
    fcntl(descriptor, F_SETPIPE_SZ, 'int', WIDE);
  } catch {
    // It is read all the same.
  }
}
