/**
 * The libraries that draw, and nothing else: a build replaces this file by one that contains them, so that they are no
 * dependencies of the package, and only a report loads them.
 */
export {
  axisX,
  axisY,
  barX,
  barY,
  cell,
  dot,
  gridX,
  gridY,
  hexbin,
  lineY,
  link,
  plot,
  type PlotOptions,
  type Markish,
  rect,
  ruleX,
  ruleY,
  scale,
  text,
  tickX,
} from '@observablehq/plot';
export { hierarchy, treemap, treemapSquarify } from 'd3-hierarchy';
export { parseHTML } from 'linkedom';
