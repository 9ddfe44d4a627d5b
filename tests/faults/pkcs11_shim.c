/* A PKCS#11 module in front of another one: it counts and logs every call, and at call N it fails, loses the answer, or kills.

   It reads two lines from a file called like itself with ".control" behind: the path of the real module, and
       N how code lasting
   how: "-" nothing, "c" answer `code` instead of calling, "l" call and answer `code` (the answer is lost), "k" and "K" end this process by
   SIGKILL before and after the call, "a" and "A" end its whole process group. lasting: 1 for every call from N on, 0 for N alone.
   Every call of every process appends a line of LINE bytes to the file with ".log" behind: its place there is the call's number, from 1.

   SPEC PKCS#11 2.40: CK_FUNCTION_LIST is a version and 68 functions in this order, all of which answer a CK_ULONG. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define LINE 32
#define CKR_GENERAL_ERROR 5UL

/* No function takes more than eight arguments, none of them wider than a word, so one shape stands for all: where Linux runs on 64 bits,
   whoever is called takes the first ones and lets the rest lie. */
typedef unsigned long word;
#define ARGUMENTS word a, word b, word c, word d, word e, word f, word g, word h
#define GIVEN a, b, c, d, e, f, g, h
typedef word (*function)(ARGUMENTS);

#define ALL(X) \
  X(C_Initialize) X(C_Finalize) X(C_GetInfo) X(C_GetFunctionList) X(C_GetSlotList) X(C_GetSlotInfo) X(C_GetTokenInfo) \
  X(C_GetMechanismList) X(C_GetMechanismInfo) X(C_InitToken) X(C_InitPIN) X(C_SetPIN) X(C_OpenSession) X(C_CloseSession) \
  X(C_CloseAllSessions) X(C_GetSessionInfo) X(C_GetOperationState) X(C_SetOperationState) X(C_Login) X(C_Logout) \
  X(C_CreateObject) X(C_CopyObject) X(C_DestroyObject) X(C_GetObjectSize) X(C_GetAttributeValue) X(C_SetAttributeValue) \
  X(C_FindObjectsInit) X(C_FindObjects) X(C_FindObjectsFinal) X(C_EncryptInit) X(C_Encrypt) X(C_EncryptUpdate) X(C_EncryptFinal) \
  X(C_DecryptInit) X(C_Decrypt) X(C_DecryptUpdate) X(C_DecryptFinal) X(C_DigestInit) X(C_Digest) X(C_DigestUpdate) X(C_DigestKey) \
  X(C_DigestFinal) X(C_SignInit) X(C_Sign) X(C_SignUpdate) X(C_SignFinal) X(C_SignRecoverInit) X(C_SignRecover) X(C_VerifyInit) \
  X(C_Verify) X(C_VerifyUpdate) X(C_VerifyFinal) X(C_VerifyRecoverInit) X(C_VerifyRecover) X(C_DigestEncryptUpdate) \
  X(C_DecryptDigestUpdate) X(C_SignEncryptUpdate) X(C_DecryptVerifyUpdate) X(C_GenerateKey) X(C_GenerateKeyPair) X(C_WrapKey) \
  X(C_UnwrapKey) X(C_DeriveKey) X(C_SeedRandom) X(C_GenerateRandom) X(C_GetFunctionStatus) X(C_CancelFunction) X(C_WaitForSlotEvent)

#define PLACE(name) PLACE_##name,
enum { ALL(PLACE) FUNCTIONS };

typedef struct {
  unsigned char version[2];
  function functions[FUNCTIONS];
} list;

static list shown;
static const list *real;
static int journal = -1;
static word at, code;
static char how = '-';
static int lasting;

static void end(int all) {
  kill(all ? 0 : getpid(), SIGKILL);
  for (;;) pause();
}

static word number(const char *name) {
  char line[LINE + 1];
  snprintf(line, sizeof line, "%-*s\n", LINE - 1, name);
  /* the end of an appended line is where this process stands in the file then, whoever else writes */
  if (write(journal, line, LINE) != LINE) abort();
  return (word)lseek(journal, 0, SEEK_CUR) / LINE;
}

static word around(const char *name, function through, ARGUMENTS) {
  word count = number(name), answer;
  char now = count == at || (lasting && count > at) ? how : '-';
  if (now == 'c') return code;
  if (now == 'k' || now == 'a') end(now == 'a');
  answer = through(GIVEN);
  if (now == 'K' || now == 'A') end(now == 'A');
  return now == 'l' ? code : answer;
}

#define TRAMPOLINE(name) \
  static word through_##name(ARGUMENTS) { return around(#name, real->functions[PLACE_##name], GIVEN); }
ALL(TRAMPOLINE)

static word real_list(word target, word b, word c, word d, word e, word f, word g, word h) {
  (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
#define SHOW(name) shown.functions[PLACE_##name] = through_##name;
  ALL(SHOW)
  memcpy(shown.version, real->version, sizeof shown.version);
  *(const list **)target = &shown;
  return 0;
}

static void open_real(void) {
  Dl_info own;
  char path[PATH_MAX], module[PATH_MAX];
  FILE *control;
  void *library;
  word (*get)(const list **);
  if (!dladdr((void *)open_real, &own)) abort();
  snprintf(path, sizeof path, "%s.control", own.dli_fname);
  control = fopen(path, "re");
  if (!control || !fgets(module, sizeof module, control)) abort();
  if (fscanf(control, "%lu %c %lx %d", &at, &how, &code, &lasting) != 4) abort();
  fclose(control);
  module[strcspn(module, "\n")] = 0;
  snprintf(path, sizeof path, "%s.log", own.dli_fname);
  journal = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
  *(void **)&get = library ? dlsym(library, "C_GetFunctionList") : 0;
  if (journal < 0 || !get || get(&real)) abort();
}

__attribute__((visibility("default"))) word C_GetFunctionList(const list **target) {
  if (!real) open_real();
  return target ? around("C_GetFunctionList", real_list, (word)target, 0, 0, 0, 0, 0, 0, 0) : CKR_GENERAL_ERROR;
}
