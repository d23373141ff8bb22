import { basename } from 'node:path';
import type { TagNaming } from '../../record/rows/rows.js';
import type { DecodedScan } from '../../scan/scan-result.js';
import { type Content, foreign, html } from '../page/html.js';
import { pageText } from '../page/page.js';
import { banner } from '../page/panel.js';
import { bytesText, plural, timeText } from '../page/units.js';
import { addsUp } from './adds-up.js';
import { allTags } from './all-tags.js';
import { bigAllocations } from './big-allocations.js';
import { type ImageFacts, isAllInDoubt } from './facts.js';
import { gatherImage } from './gather.js';
import { leakSuspects } from './leak-suspects.js';
import { processLists } from './process-lists.js';
import { processorPanel } from './processors.js';
import { provenance } from './provenance.js';
import { imageTiles } from './tiles.js';
import { imageVerdict } from './verdict.js';
import { whichDriver } from './which-driver.js';
import { whoHolds } from './who-holds.js';

function about({ image }: ImageFacts): Content[] {
  const captured = image.captured_at as number | null;
  const processors = image.processors as number | null | undefined;
  const memory = image.memory_bytes as bigint | undefined;
  return [
    html`Windows
      <b>${image.windows_version === null ? 'of unknown version' : foreign(String(image.windows_version))}</b>
      ${foreign(String(image.arch ?? ''))}`,
    captured === null ? 'capture time not known' : html`captured <b>${timeText(captured)} UTC</b>`,
    processors === null || processors === undefined
      ? html`<b>?</b> processors`
      : html`<b>${plural(processors, 'processor')}</b>`,
    memory === undefined ? 'a stream' : html`<b>${bytesText(memory)}</b> of memory, ${foreign(String(image.format))}`,
    ...(image.host === null ? [] : [html`host <b>${foreign(String(image.host))}</b>`]),
  ];
}

/** The page of one image, from what was gathered of it. */
export function imagePage(facts: ImageFacts, title: string): string {
  const { tags, big, processes, processShortfall, objects } = facts;
  return pageText({
    title,
    about: about(facts),
    body: [
      banner(imageVerdict(facts)),
      imageTiles(facts),
      html`<div class="panels">
        ${whoHolds(facts)}${leakSuspects(tags)}${whichDriver(tags)}${bigAllocations(big)}${processLists(processes, objects, processShortfall, isAllInDoubt(facts.image))}${addsUp(objects, processShortfall)}${processorPanel(facts)}
      </div> `,
      // Outside the grid: within one, the heads of a table are not repeated on the next page that is printed.
      allTags(tags),
      html`<div class="panels">${provenance(facts)}</div> `,
    ],
  });
}

/** The page of one image; it must still be open. */
export async function imageReport(result: DecodedScan, naming: TagNaming, title?: string): Promise<string> {
  return imagePage(await gatherImage(result, naming), title ?? basename(result.path));
}
