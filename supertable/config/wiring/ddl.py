"""Creating, changing and dropping tables."""

from __future__ import annotations

from supertable.application.ddl.alter_table import AlterTable
from supertable.application.ddl.clone_table import CloneTable
from supertable.application.ddl.comment_table import CommentTable
from supertable.application.ddl.create_table import CreateTable
from supertable.application.ddl.define_view import DefineView
from supertable.application.ddl.drop_table import DropTable, UndropTable
from supertable.application.ddl.load_files import LoadFiles
from supertable.application.ddl.rename_table import RenameTable
from supertable.application.ddl.restore_version import RestoreVersion
from supertable.application.ddl.set_maintenance_policy import SetMaintenancePolicy
from supertable.application.ddl.tag_version import TagVersion, UntagVersion
from supertable.application.ddl.write_or_create import WriteOrCreate
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.access_control import clone_grants
from supertable.config.wiring.commits import committer, registrar, table_creator
from supertable.config.wiring.engines.in_process import file_reader, finder
from supertable.config.wiring.tables import tables
from supertable.config.wiring.writes import write_rows

create_table = singleton(CreateTable, table_creator=provided(table_creator))
write_or_create = singleton(
    WriteOrCreate, tables=provided(tables), create_table=provided(create_table), write_rows=provided(write_rows)
)
load_files = singleton(LoadFiles, reader=provided(file_reader), write=provided(write_or_create))
clone_table = singleton(
    CloneTable, tables=provided(tables), table_creator=provided(table_creator), grants=provided(clone_grants)
)
define_view = singleton(DefineView, table_creator=provided(table_creator), committer=provided(committer))
rename_table = singleton(RenameTable, registrar=provided(registrar))
drop_table = singleton(DropTable, registrar=provided(registrar))
undrop_table = singleton(UndropTable, registrar=provided(registrar))
tag_version = singleton(TagVersion, tables=provided(tables), registrar=provided(registrar))
untag_version = singleton(UntagVersion, registrar=provided(registrar))
alter_table = singleton(AlterTable, tables=provided(tables), committer=provided(committer), finder=provided(finder))
restore_version = singleton(RestoreVersion, tables=provided(tables), committer=provided(committer))
comment_table = singleton(CommentTable, tables=provided(tables), committer=provided(committer))
set_maintenance = singleton(SetMaintenancePolicy, tables=provided(tables), committer=provided(committer))
