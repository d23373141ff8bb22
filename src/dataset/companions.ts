/**
 * The image that a file belongs to, when both lie in one folder: the state beside a .vmem, the later segments of an
 * .E01. They are opened along with it, and are no images of their own.
 *
 * @param names every name in the folder, lower case
 */
export function companionOf(name: string, names: ReadonlySet<string>): string | null {
  const lower = name.toLowerCase();
  const dot = lower.lastIndexOf('.');
  if (dot < 0) return null;
  const stem = lower.slice(0, dot);
  const ending = lower.slice(dot + 1);
  const image = ending === 'vmss' || ending === 'vmsn' ? `${stem}.vmem` : /^e[0-9a-z]{2}$/.test(ending) && ending !== 'e01' ? `${stem}.e01` : null;
  return image !== null && names.has(image) ? image : null;
}
