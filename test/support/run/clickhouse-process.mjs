/**
 * ClickHouse in a process of its own, which answers its parent's questions in turn. It reads files below its working
 * directory only, so it has that of all.
 */
import { query } from 'chdb';

process.on('message', ({ sql, format }) => {
  try {
    process.send({ answer: query(sql, format) });
  } catch (error) {
    process.send({ error: error.message });
  }
});
process.on('disconnect', () => process.exit());
