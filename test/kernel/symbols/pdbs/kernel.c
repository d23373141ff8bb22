/* Types and variables of a Windows kernel by their real names, for a PDB as the linker makes it. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
#ifdef _WIN64
typedef unsigned long long word;
#else
typedef unsigned int word;
#endif
typedef struct _LIST_ENTRY { struct _LIST_ENTRY *Flink, *Blink; } LIST_ENTRY;
typedef struct _UNICODE_STRING { u16 Length, MaximumLength; u16 *Buffer; } UNICODE_STRING;

typedef struct _POOL_TRACKER_TABLE {
  u32 Key;
  word NonPagedBytes, NonPagedAllocs, NonPagedFrees, PagedBytes, PagedAllocs, PagedFrees;
} POOL_TRACKER_TABLE;

typedef struct _POOL_TRACKER_BIG_PAGES {
  volatile word Va;
  u32 Key;
  u32 Pattern : 8, PoolType : 12, SlushSize : 12;
  word NumberOfBytes;
} POOL_TRACKER_BIG_PAGES;

typedef struct _KPROCESS { u8 Header[24]; LIST_ENTRY ProfileListHead; word DirectoryTableBase; u8 Rest[0x100]; } KPROCESS;
typedef struct _EPROCESS {
  KPROCESS Pcb;
  word ProcessLock;
  void *UniqueProcessId;
  LIST_ENTRY ActiveProcessLinks;
  u32 Flags;
  u64 CreateTime;
  word Token;
  void *InheritedFromUniqueProcessId;
  void *Session;
  void *ObjectTable;
  u8 ImageFileName[15];
  u8 PriorityClass;
  LIST_ENTRY ThreadListHead;
  u32 ActiveThreads;
  LIST_ENTRY SessionProcessLinks;
  u64 ExitTime;
} EPROCESS;
typedef struct _ETHREAD { u8 Tcb[0x300]; word Cid[2]; LIST_ENTRY ThreadListEntry; } ETHREAD;
typedef struct _HANDLE_TABLE { u32 NextHandleNeedingPool; int ExtraInfoPages; volatile word TableCode; EPROCESS *QuotaProcess; u32 HandleCount; } HANDLE_TABLE;
typedef struct _HANDLE_TABLE_ENTRY {
  union {
    volatile long long VolatileLowValue;
    struct { u64 Unlocked : 1, RefCnt : 16, Attributes : 3, ObjectPointerBits : 44; };
  };
  word HighValue;
} HANDLE_TABLE_ENTRY;
typedef struct _OBJECT_HEADER { word PointerCount, HandleCount; word Lock; u8 TypeIndex, TraceFlags, InfoMask, Flags; void *Info, *Security; word Body[1]; } OBJECT_HEADER;
typedef struct _OBJECT_TYPE { LIST_ENTRY TypeList; UNICODE_STRING Name; void *DefaultObject; u8 Index; u32 TotalNumberOfObjects; } OBJECT_TYPE;

/* Variables do not lie in the first pages of a kernel. */
const u8 Padding[0x8000] = {1};

POOL_TRACKER_TABLE *PoolTrackTable;
word PoolTrackTableSize = 4097, PoolTrackTableMask = 4095;
POOL_TRACKER_TABLE *ExPoolTagTables[64];
POOL_TRACKER_TABLE *PoolTrackTableExpansion;
word PoolTrackTableExpansionSize;
POOL_TRACKER_BIG_PAGES *PoolBigPageTable;
word PoolBigPageTableSize = 4096;
LIST_ENTRY PsActiveProcessHead, PsLoadedModuleList;
HANDLE_TABLE *PspCidTable;
OBJECT_TYPE *ObTypeIndexTable[256];
u8 ObHeaderCookie;
EPROCESS InitialProcess;
ETHREAD InitialThread;
OBJECT_HEADER InitialHeader;
HANDLE_TABLE_ENTRY InitialEntry;

word KiSystemStartup(void) {
  PoolTrackTable = ExPoolTagTables[0];
  PsActiveProcessHead.Flink = &InitialProcess.ActiveProcessLinks;
  return PoolTrackTableSize + Padding[PoolTrackTableMask] + PoolTrackTableMask + PoolBigPageTableSize + PoolTrackTableExpansionSize + ObHeaderCookie +
         InitialThread.Cid[0] + InitialHeader.TypeIndex + InitialEntry.HighValue + (word)PspCidTable +
         (word)ObTypeIndexTable[2] + (word)PsLoadedModuleList.Flink + (word)PoolTrackTableExpansion + (word)PoolBigPageTable;
}
