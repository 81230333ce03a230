// Standard error in large pieces. NVIDIA's compiler writes its 100 MB word by word, 60 million calls of `write`: four fifths of the
// time that compiling took. A library of the laboratory's own, loaded before all others, keeps them until there are 64 KiB.
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What goes out at once, behind what was kept: the worker's messages, which begin with a line's end, and what is no word; all of it before an abort. */
const SOURCE = `
extern long syscall(long number, ...);
extern int pthread_mutex_lock(void *mutex);
extern int pthread_mutex_unlock(void *mutex);
enum { WRITE = 1, GETPID = 39, KILL = 62, ABORTED = 6, ROOM = 65536, WORD = 64 };
static char kept[ROOM];
static unsigned long used;
static long mutex[8]; /* zeros are an open one */

static void flush(void) {
  for (unsigned long at = 0; at < used;) {
    long written = syscall(WRITE, 2L, kept + at, used - at);
    if (written > 0) at += written;
  }
  used = 0;
}

long write(int file, const void *data, unsigned long bytes) {
  if (file != 2) return syscall(WRITE, (long)file, data, bytes);
  long written = bytes;
  const char *text = data;
  int now = bytes > WORD || (bytes > 1 && text[0] == '\\n');
  pthread_mutex_lock(mutex);
  if (now || used + bytes > ROOM) flush();
  if (now) {
    written = syscall(WRITE, 2L, data, bytes);
  } else {
    for (unsigned long i = 0; i < bytes; i++) kept[used++] = text[i];
  }
  pthread_mutex_unlock(mutex);
  return written;
}

void abort(void) {
  flush();
  for (;;) syscall(KILL, syscall(GETPID), (long)ABORTED);
}
`;

/** The library's file, built first if it is not there: `compile` is a command that takes what follows for a C compiler's arguments. */
export function bufferedErrors(folder: string, compile: readonly string[]): string | undefined {
  const file = join(folder, 'buffered.so');
  if (existsSync(file)) return file;
  const [source, part] = [join(folder, 'buffered.c'), `${file}.${process.pid}`];
  writeFileSync(source, SOURCE);
  const [command, ...args] = compile;
  const { status } = spawnSync(command, [...args, '-shared', '-nostdlib', '-o', part, source]);
  if (status !== 0) return undefined; // slower, and no less right
  renameSync(part, file);
  return file;
}
