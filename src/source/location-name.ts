/**
 * How messages and records name a place: as it was given, but for an http:// or https:// URL neither its user part nor
 * its query, where credentials are.
 */
export function locationName(location: string): string {
  if (!/^https?:/i.test(location)) return location;
  if (!URL.canParse(location)) return 'a URL that cannot be read';
  const { origin, pathname } = new URL(location);
  return origin + pathname;
}
