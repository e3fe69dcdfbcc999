export { MACROS } from "./macros";
export { parseStatement, type Statement } from "./statement";
export { tablesOf, type TableName } from "./tables";
export { translate } from "./translate";
