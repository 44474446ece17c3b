"""The GraphQL schema that this server executes: the part of W&B's API that clients use for runs, files and artifacts.

Names and types are the protocol's. Fields that end in `HoleCount` or `FirstHole` are Runferry's own.
"""

from __future__ import annotations

SDL = """
scalar JSON
scalar JSONString
scalar DateTime
scalar Duration
scalar Int64

enum AlertSeverity { INFO WARN ERROR }
enum ArtifactState { PENDING COMMITTED DELETED }
enum ArtifactManifestType { FULL INCREMENTAL PATCH }
enum ArtifactDigestAlgorithm { MANIFEST_MD5 MANIFEST_XXH128 }
enum CompleteMultipartAction { Complete }

type Query {
  viewer: User
  serverInfo: ServerInfo
  entity(name: String): Entity
  project(name: String, entityName: String, id: ID): Project
  model(name: String, entityName: String): Project
  models(entityName: String, after: String, first: Int): ProjectConnection
  artifact(id: ID!): Artifact
  artifactCollection(id: ID!): ArtifactCollection
  clientIDMapping(clientID: ID!): ClientIDMapping
  users(query: String): UserConnection
}

type PageInfo { endCursor: String hasNextPage: Boolean! }
type ServerFeature { name: String! isEnabled: Boolean! }
type LocalVersionInfo { outOfDate: Boolean latestVersionString: String versionOnThisInstanceString: String }
type ServerInfo {
  features: [ServerFeature!]!
  cliVersionInfo: JSON
  latestLocalVersionInfo: LocalVersionInfo
}
type ClientIDMapping { serverID: ID! }
type Organization { name: String coreWeaveOrganizationId: String orgEntity: Entity }
type Entity {
  id: ID! name: String! defaultAccess: String isTeam: Boolean!
  organization: Organization xxhashDigestsEnabled: Boolean
}
type TeamEdge { node: Entity }
type TeamConnection { edges: [TeamEdge!]! }
type ApiKey { id: ID! name: String description: String }
type ApiKeyEdge { node: ApiKey }
type ApiKeyConnection { edges: [ApiKeyEdge!]! }
type User {
  id: ID! name: String username: String email: String admin: Boolean flags: JSONString entity: String
  defaultEntity: Entity deletedAt: DateTime apiKeys: ApiKeyConnection teams: TeamConnection
}
type UserEdge { node: User }
type UserConnection { edges: [UserEdge!]! }

type Project {
  id: ID! internalId: ID! name: String! entityName: String! entity: Entity! createdAt: DateTime! updatedAt: DateTime
  description: String access: String views: JSONString isBenchmark: Boolean! readOnly: Boolean! user: User
  runCount(filters: JSONString): Int!
  run(name: String!): Run
  bucket(name: String!, missingOk: Boolean): Run
  runs(filters: JSONString, after: String, first: Int, order: String): RunConnection
  sweep(sweepName: String): Sweep
  sweeps(after: String, first: Int, filters: JSONString): SweepConnection
  totalSweeps: Int!
  artifact(name: String!): Artifact
  artifactType(name: String!): ArtifactType
  artifactTypes(after: String, first: Int): ArtifactTypeConnection
  artifactCollection(name: String!): ArtifactCollection
  artifactCollections(after: String, first: Int, filters: JSONString, order: String): ArtifactCollectionConnection
  artifactCollectionMembership(name: String!): ArtifactCollectionMembership
}
type ProjectEdge { node: Project cursor: String }
type ProjectConnection { edges: [ProjectEdge!]! pageInfo: PageInfo! }
type Sweep { id: ID! name: String! }
type SweepEdge { node: Sweep }
type SweepConnection { edges: [SweepEdge!]! pageInfo: PageInfo! }

type Run {
  id: ID! projectId: Int! name: String! displayName: String description: String notes: String tags: [String!]!
  sweepName: String state: String! stopped: Boolean! group: String groupName: String jobType: String commit: String
  repo: String host: String jobProgram: String exitcode: Int
  readOnly: Boolean! createdAt: DateTime! updatedAt: DateTime heartbeatAt: DateTime user: User project: Project!
  config: JSONString wandbConfig(keys: [String!]): JSONString summaryMetrics: JSONString systemMetrics: JSONString
  historyLineCount: Int! eventsLineCount: Int! logLineCount: Int!
  historyHoleCount: Int! eventsHoleCount: Int! logHoleCount: Int!
  historyFirstHole: Int eventsFirstHole: Int logFirstHole: Int
  historyTail: JSONString eventsTail: JSONString historyKeys: JSON
  history(samples: Int, minStep: Int64, maxStep: Int64): [String!]
  events(samples: Int): [String!]
  sampledHistory(specs: [JSONString!]!): JSON
  parquetHistory(liveKeys: [String!]): ParquetHistory
  logLines(first: Int, last: Int, after: String, useImprovedPagination: Boolean): LogLineConnection
  fileCount: Int!
  files(names: [String], after: String, first: Int, pattern: String, upload: Boolean): RunFileConnection
  outputArtifacts(after: String, first: Int): ArtifactConnection
  inputArtifacts(after: String, first: Int): ArtifactConnection
}
type RunEdge { node: Run cursor: String }
type RunConnection { edges: [RunEdge!]! pageInfo: PageInfo! totalCount: Int! }
type ParquetHistory { parquetUrls: [String!]! liveData: [JSON!] }
type LogLine { number: Int! timestamp: String level: String label: String line: String! }
type LogLineEdge { node: LogLine cursor: String }
type LogLineConnection { edges: [LogLineEdge!]! pageInfo: PageInfo! }

type File {
  id: ID! name: String! displayName: String url(upload: Boolean): String directUrl: String sizeBytes: Int64!
  storagePath: String mimetype: String updatedAt: DateTime digest: String md5: String
  uploadUrl: String uploadHeaders: [String!] uploadMultipartUrls: UploadMultipartUrls artifact: Artifact
}
type UploadUrlPart { partNumber: Int64! uploadUrl: String! }
type UploadMultipartUrls { uploadID: String! uploadUrlParts: [UploadUrlPart!]! }
type FileEdge { node: File cursor: String }
type FileConnection { edges: [FileEdge!]! pageInfo: PageInfo! totalCount: Int! }
type RunFileConnection { edges: [FileEdge!]! pageInfo: PageInfo! uploadHeaders: [String!]! totalCount: Int! }

type Tag { id: ID! name: String! }
type TagEdge { node: Tag }
type TagConnection { edges: [TagEdge!]! }
type ArtifactType {
  id: ID! name: String! description: String createdAt: DateTime!
  artifactCollection(name: String!): ArtifactCollection
  artifactCollections(after: String, first: Int, filters: JSONString, order: String): ArtifactCollectionConnection
}
type ArtifactTypeEdge { node: ArtifactType cursor: String }
type ArtifactTypeConnection { edges: [ArtifactTypeEdge!]! pageInfo: PageInfo! }
interface ArtifactCollection {
  id: ID! name: String! description: String createdAt: DateTime! updatedAt: DateTime state: String
  project: Project! defaultArtifactType: ArtifactType! tags: TagConnection!
  aliases(after: String, first: Int): ArtifactAliasConnection!
  artifactMembership(aliasName: String!): ArtifactCollectionMembership
  artifacts(after: String, first: Int, order: String, filters: JSONString): ArtifactConnection
}
type ArtifactSequence implements ArtifactCollection {
  id: ID! name: String! description: String createdAt: DateTime! updatedAt: DateTime state: String
  project: Project! defaultArtifactType: ArtifactType! tags: TagConnection!
  aliases(after: String, first: Int): ArtifactAliasConnection!
  artifactMembership(aliasName: String!): ArtifactCollectionMembership
  artifacts(after: String, first: Int, order: String, filters: JSONString): ArtifactConnection
  latestArtifact: Artifact digestAlgorithm: ArtifactDigestAlgorithm
}
type ArtifactCollectionEdge { node: ArtifactCollection cursor: String }
type ArtifactCollectionConnection { edges: [ArtifactCollectionEdge!]! pageInfo: PageInfo! totalCount: Int! }
type ArtifactAlias { id: ID! alias: String! artifactCollection: ArtifactCollection }
type ArtifactAliasEdge { node: ArtifactAlias }
type ArtifactAliasConnection { edges: [ArtifactAliasEdge!]! pageInfo: PageInfo! }
type ArtifactCollectionMembership {
  id: ID! versionIndex: Int createdAt: DateTime! aliases: [ArtifactAlias!]! artifactCollection: ArtifactCollection
  artifact: Artifact files(names: [String!], after: String, first: Int): FileConnection
}
type ArtifactMembershipEdge { node: ArtifactCollectionMembership }
type ArtifactMembershipConnection { edges: [ArtifactMembershipEdge!]! }
union ArtifactCreator = Run | User
type ArtifactManifest { id: ID! digest: String file: File }
type Artifact {
  id: ID! artifactSequence: ArtifactSequence! versionIndex: Int artifactType: ArtifactType! description: String
  metadata: JSONString ttlDurationSeconds: Int64! ttlIsInherited: Boolean! tags: [Tag!]! historyStep: Int64
  state: ArtifactState! size: Int64! digest: String! digestAlgorithm: ArtifactDigestAlgorithm commitHash: String!
  fileCount: Int64! createdAt: DateTime! updatedAt: DateTime aliases: [ArtifactAlias!]!
  currentManifest: ArtifactManifest createdBy: ArtifactCreator usedBy: RunConnection
  artifactMemberships: ArtifactMembershipConnection
  files(names: [String!], after: String, first: Int): FileConnection
  filesByManifestEntries(storageLayout: String, manifestVersion: String, entries: [ArtifactManifestEntryInput!],
                         storageRegion: String): FileConnection
}
type ArtifactEdge { version: String node: Artifact cursor: String }
type ArtifactConnection { edges: [ArtifactEdge!]! pageInfo: PageInfo! totalCount: Int! }

input ArtifactManifestEntryInput { name: String digest: String birthArtifactID: ID size: Int64 }
input UpsertBucketInput {
  id: String name: String groupName: String modelName: String entityName: String description: String
  displayName: String notes: String commit: String config: JSONString host: String debug: Boolean jobProgram: String
  jobRepo: String jobType: String state: String sweep: String tags: [String!] summaryMetrics: JSONString
  clientMutationId: String
}
input UpsertModelInput {
  id: String name: String entityName: String description: String access: String views: JSONString
  clientMutationId: String
}
input CreateRunFilesInput { entityName: String projectName: String! runName: String! files: [String!]! }
input NotifyScriptableRunAlertInput {
  entityName: String projectName: String! runName: String! title: String! text: String!
  severity: AlertSeverity waitDuration: Duration
}
input ArtifactAliasInput { artifactCollectionName: String! alias: String! entityName: String projectName: String }
input TagInput { tagName: String! attributes: JSONString }
input CreateArtifactInput {
  entityName: String projectName: String! artifactTypeName: String! artifactCollectionName: String
  artifactCollectionNames: [String!] runName: String digest: String! digestAlgorithm: ArtifactDigestAlgorithm
  description: String aliases: [ArtifactAliasInput!] tags: [TagInput!] metadata: JSONString labels: JSONString
  ttlDurationSeconds: Int64 historyStep: Int64 enableDigestDeduplication: Boolean distributedID: String clientID: ID
  sequenceClientID: ID storageRegion: String clientMutationId: String
}
input CreateArtifactManifestInput {
  artifactID: ID! baseArtifactID: ID name: String! digest: String! entityName: String projectName: String
  runName: String type: ArtifactManifestType
}
input UpdateArtifactManifestInput { artifactManifestID: ID! digest: String baseArtifactID: ID }
input UploadPartsInput { partNumber: Int64! hexMD5: String! }
input CreateArtifactFileSpecInput {
  artifactID: ID! name: String! md5: String! mimetype: String artifactManifestID: ID
  uploadPartsInput: [UploadPartsInput!]
}
input CreateArtifactFilesInput {
  artifactFiles: [CreateArtifactFileSpecInput!]! storageLayout: String cloudRegionID: String clientMutationId: String
}
input ArtifactIDInput { artifactID: ID! }
input UseArtifactInput {
  artifactID: ID! entityName: String! projectName: String! runName: String! usedAs: String artifactEntityName: String
  artifactProjectName: String clientMutationId: String
}
input UpdateArtifactInput {
  artifactID: ID! description: String metadata: JSONString aliases: [ArtifactAliasInput!]
  tagsToAdd: [TagInput!] tagsToDelete: [TagInput!] ttlDurationSeconds: Int64 clientMutationId: String
}
input AddAliasesInput { artifactID: ID! aliases: [ArtifactAliasInput!]! clientMutationId: String }
input DeleteAliasesInput { artifactID: ID! aliases: [ArtifactAliasInput!]! clientMutationId: String }
input DeleteArtifactInput { artifactID: ID! deleteAliases: Boolean clientMutationId: String }
input RunIDInput { id: ID! clientMutationId: String }
input DeleteRunInput { id: ID! deleteArtifacts: Boolean clientMutationId: String }
input UpdateRunStateInput { id: ID! state: String! }
input DeleteFilesInput { files: [ID!]! projectId: Int }
input MarkRunFilesUploadedInput { entityName: String projectName: String! runName: String! files: [String!]! }

type UpsertBucketPayload { bucket: Run inserted: Boolean clientMutationId: String }
type UpsertModelPayload { project: Project model: Project inserted: Boolean clientMutationId: String }
type RunFileUpload { name: String! uploadUrl: String! }
type CreateRunFilesPayload { runID: ID! uploadHeaders: [String!]! files: [RunFileUpload!]! }
type CreateArtifactPayload { artifact: Artifact! }
type CreateArtifactManifestPayload { artifactManifest: ArtifactManifest! }
type CreateArtifactFilesPayload { files: FileConnection! }
type ArtifactPayload { artifact: Artifact! clientMutationId: String }
type SuccessPayload { success: Boolean! clientMutationId: String }

type Mutation {
  upsertBucket(input: UpsertBucketInput!): UpsertBucketPayload
  upsertModel(input: UpsertModelInput!): UpsertModelPayload
  createRunFiles(input: CreateRunFilesInput!): CreateRunFilesPayload
  markRunFilesUploaded(input: MarkRunFilesUploadedInput!): SuccessPayload
  deleteFiles(input: DeleteFilesInput!): SuccessPayload
  notifyScriptableRunAlert(input: NotifyScriptableRunAlertInput!): SuccessPayload
  stopRun(input: RunIDInput!): SuccessPayload
  deleteRun(input: DeleteRunInput!): SuccessPayload
  updateRunState(input: UpdateRunStateInput!): SuccessPayload
  createArtifact(input: CreateArtifactInput!): CreateArtifactPayload
  createArtifactManifest(input: CreateArtifactManifestInput!): CreateArtifactManifestPayload
  updateArtifactManifest(input: UpdateArtifactManifestInput!): CreateArtifactManifestPayload
  createArtifactFiles(input: CreateArtifactFilesInput!): CreateArtifactFilesPayload
  commitArtifact(input: ArtifactIDInput!): ArtifactPayload
  useArtifact(input: UseArtifactInput!): ArtifactPayload
  updateArtifact(input: UpdateArtifactInput!): ArtifactPayload
  deleteArtifact(input: DeleteArtifactInput!): ArtifactPayload
  addAliases(input: AddAliasesInput!): SuccessPayload
  deleteAliases(input: DeleteAliasesInput!): SuccessPayload
}
"""
