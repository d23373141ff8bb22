import type { Token } from 'stream-json/parser.js';
import type { Column, RecordType, Row, Value } from '../../record/schema/record-type.js';
import { checkedRow, UNREADABLE, valueOfText } from '../read/checked-row.js';
import { damaged } from '../read/damaged.js';
import { detectRecordType } from '../read/detect-record-type.js';

/** A JSON value as the parser gives it: numbers are still text, so that none of them has been through a double. */
type JsonScalar = { readonly kind: 'number' | 'string'; readonly text: string } | boolean | null;

/** Puts the tokens of flat JSON objects together to rows. The first object tells the record type of all. */
export class JsonRowAssembler {
  recordType: RecordType | null = null;
  /** Objects begun, the one being read included. */
  private records = 0;
  private inside = false;
  private key = '';
  private values = new Map<string, JsonScalar>();

  /** @param name of the input, for messages */
  constructor(private readonly name: string) {}

  /** Which record the parser is at, counted from 1. */
  get place(): number {
    return this.inside ? this.records : this.records + 1;
  }

  /**
   * The row that the token completes, else null.
   * @throws PoolTrackerError RECORDS_DAMAGED
   */
  take(token: Token): Row | null {
    switch (token.name) {
      case 'startObject':
        if (this.inside) throw this.damaged(`column ${this.key}: expected a plain value, found an object`);
        this.inside = true;
        this.records++;
        return null;
      case 'endObject': {
        const row = this.row();
        this.inside = false;
        this.values = new Map();
        return row;
      }
      case 'keyValue':
        if (this.values.has(token.value)) throw this.damaged(`column ${token.value.slice(0, 40)} is there twice`);
        this.key = token.value;
        return null;
      case 'numberValue': return this.set({ kind: 'number', text: token.value });
      case 'stringValue': return this.set({ kind: 'string', text: token.value });
      case 'nullValue': case 'trueValue': case 'falseValue': return this.set(token.value);
      default: throw this.damaged('expected one flat JSON object a line, found an array');
    }
  }

  private set(value: JsonScalar): null {
    if (!this.inside) throw this.damaged('expected a JSON object, found a plain value');
    this.values.set(this.key, value);
    return null;
  }

  private row(): Row {
    const keys = [...this.values.keys()];
    this.recordType ??= detectRecordType(keys, this.name);
    const row: Record<string, Value> = {};
    for (const column of this.recordType.columns) {
      const value = this.values.get(column.name);
      row[column.name] = value === undefined ? null : this.value(column, value);
      this.values.delete(column.name);
    }
    const [unknown] = this.values.keys();
    if (unknown !== undefined) throw this.damaged(`column ${unknown.slice(0, 40)} is not one of ${this.recordType.name}`);
    return checkedRow(this.recordType, row, this.name, `record ${this.records}`);
  }

  private value(column: Column, value: JsonScalar): Value {
    if (value === null || typeof value === 'boolean') return value;
    const isText = column.type === 'string' || column.type === 'timestamp';
    // 64-bit integers may come as strings, as --bigint string writes them.
    const fits = value.kind === 'string' ? isText || column.type === 'int64' : !isText && column.type !== 'bool';
    const read = fits ? valueOfText(column.type, value.text) : UNREADABLE;
    if (read === UNREADABLE) throw this.damaged(`column ${column.name}: expected ${column.type}, found the ${value.kind} ${value.text.slice(0, 40)}`);
    return read;
  }

  private damaged(what: string): Error {
    return damaged(this.name, `record ${Math.max(this.records, 1)}`, what);
  }
}
