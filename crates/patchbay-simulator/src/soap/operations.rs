//! The operations of the payroll: list, get and add people; and operations that fail.

use super::{
    NAMESPACE, SoapServer,
    envelope::{Element, SoapFault, escaped},
};

/// The number of people on a page.
const PAGE_SIZE: usize = 2;

/// A person on the payroll.
pub struct Person {
    id: String,
    name: String,
    department: String,
}

/// Returns the initial people.
pub fn seed() -> Vec<Person> {
    let people = [("Ada & Co", "R&D"), ("Grace", "R&D"), ("Edsger", "Sales"), ("Barbara", "R&D"), ("Donald", "Sales")];
    people.iter().enumerate().map(|(place, (name, department))| person(place, name, department)).collect()
}

fn person(place: usize, name: &str, department: &str) -> Person {
    Person { id: format!("00{}", place + 1), name: name.to_owned(), department: department.to_owned() }
}

impl Person {
    fn written(&self) -> String {
        let Self { id, name, department } = self;
        format!(
            "<p:Employee p:ref=\"{}\"><p:Id>{}</p:Id><p:Name>{}</p:Name><p:Department>{}</p:Department></p:Employee>",
            escaped(id),
            escaped(id),
            escaped(name),
            escaped(department)
        )
    }
}

/// Runs an operation. Returns the content of the response body.
pub fn run(server: &SoapServer, operation: &Element, password: &str) -> Result<String, SoapFault> {
    let inner = match operation.name.as_str() {
        "GetEmployees" => employees(server, operation)?,
        "GetEmployee" => employee(server, operation, password)?,
        "AddEmployee" => add(server, operation)?,
        // There is always a next page with a new cursor.
        "GetHistory" => {
            let at = operation.text_of("After").and_then(|after| after.parse::<u64>().ok()).unwrap_or(0);
            format!("<p:Entry>{at}</p:Entry><p:Next>{}</p:Next>", at + 1)
        }
        other => return Err(SoapFault::client_error(format!("unknown operation {other}"))),
    };
    let name = &operation.name;
    Ok(format!("<p:{name}Response xmlns:p=\"{NAMESPACE}\">{inner}</p:{name}Response>"))
}

fn employees(server: &SoapServer, operation: &Element) -> Result<String, SoapFault> {
    let filter = operation.child("Filter");
    let department = filter.and_then(|filter| filter.text_of("Department"));
    let page = filter.and_then(|filter| filter.text_of("Page")).map_or(Ok(1), str::parse::<usize>);
    let page =
        page.ok().filter(|page| *page > 0).ok_or_else(|| SoapFault::client_error("Page is not a positive number"))?;
    let people = server.people();
    let found = people.iter().filter(|person| department.is_none_or(|wanted| person.department == wanted));
    let found = found.map(Person::written).collect::<Vec<_>>();
    let pages = found.len().div_ceil(PAGE_SIZE).max(1);
    if page > pages {
        return Err(SoapFault::client_error(format!("page {page} does not exist; the last page is {pages}")));
    }
    let shown = found.iter().skip((page - 1) * PAGE_SIZE).take(PAGE_SIZE).map(String::as_str).collect::<String>();
    Ok(format!("<p:Page>{page}</p:Page><p:Pages>{pages}</p:Pages><p:People>{shown}</p:People>"))
}

fn employee(server: &SoapServer, operation: &Element, password: &str) -> Result<String, SoapFault> {
    let id = operation.text_of("Id").unwrap_or_default();
    if id == "echo" {
        return Err(SoapFault::client_error(format!("you came with the password {password}")));
    }
    if id == "broken" {
        return Err(SoapFault { code: "Server", ..SoapFault::client_error("the payroll is being closed") });
    }
    let people = server.people();
    let found = people.iter().find(|person| person.id == id).map(Person::written);
    found.ok_or_else(|| SoapFault::client_error(format!("employee {id} does not exist")))
}

fn add(server: &SoapServer, operation: &Element) -> Result<String, SoapFault> {
    let text = |name: &str| operation.text_of(name).unwrap_or_default();
    let missing = ["Name", "Department"].iter().filter(|name| text(name).is_empty());
    let details = missing.map(|name| format!("{name} is required")).collect::<Vec<_>>();
    if !details.is_empty() {
        // Some services answer with a fault and status 200.
        return Err(SoapFault { status: 200, details, ..SoapFault::client_error("Validation error occurred.") });
    }
    let mut people = server.people();
    let added = person(people.len(), text("Name"), text("Department"));
    let id = escaped(&added.id);
    people.push(added);
    Ok(format!("<p:Id>{id}</p:Id>"))
}
