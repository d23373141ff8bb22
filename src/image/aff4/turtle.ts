/** Objects by subject and predicate: IRIs in full, literals without their quotes. */
export type TurtleGraph = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

export const RDF_TYPE = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#type';

/**
 * An IRI, a literal with its language, the marker of a literal's type, a name, or punctuation; comments are skipped.
 * An unclosed token extends to where it must end, so that no text is scanned twice.
 */
const TOKEN =
  /<([^<>\s]*)>?|"""([\s\S]*?)(?:"""|$)|"((?:[^"\\\n]|\\.)*)"?(?:@[A-Za-z-]+)?|(\^\^)|#[^\n]*|([^\s;,.<>"^#]+(?:\.[^\s;,.<>"^#]+)*)|([;,.])/g;

/**
 * Parses the subset of Turtle (RDF 1.1) that AFF4 metadata use: prefixes, IRIs, literals, and lists of predicates and
 * objects. Anything else is ignored.
 */
export function parseTurtle(text: string): TurtleGraph {
  const graph = new Map<string, Map<string, string[]>>();
  const prefixes = new Map<string, string>();
  let statement: string[] = [];
  let subject = '';
  let predicate = '';
  let typeFollows = false;
  for (const [, iri, long, literal, typeMark, name, mark] of text.matchAll(TOKEN)) {
    if (typeMark !== undefined) {
      typeFollows = true;
    } else if (mark === undefined) {
      const term = iri ?? long ?? literal ?? (name === undefined ? undefined : expanded(name, prefixes));
      if (term === undefined) continue;
      if (!typeFollows) statement.push(term);
      typeFollows = false;
    } else {
      if (statement[0] === '@prefix') prefixes.set(statement[1] ?? '', statement[2] ?? '');
      else if (statement.length > 0) {
        const object = statement.pop()!;
        predicate = statement.pop() ?? predicate;
        subject = statement.pop() ?? subject;
        add(graph, subject, predicate, object);
      }
      statement = [];
      if (mark === '.') [subject, predicate] = ['', ''];
    }
  }
  return graph;
}

function expanded(name: string, prefixes: ReadonlyMap<string, string>): string {
  if (name === 'a') return RDF_TYPE;
  const colon = name.indexOf(':');
  const prefix = prefixes.get(name.slice(0, colon + 1));
  return prefix === undefined ? name : prefix + name.slice(colon + 1);
}

function add(graph: Map<string, Map<string, string[]>>, subject: string, predicate: string, object: string): void {
  let properties = graph.get(subject);
  if (properties === undefined) graph.set(subject, (properties = new Map()));
  const objects = properties.get(predicate);
  if (objects === undefined) properties.set(predicate, [object]);
  else objects.push(object);
}
