package salesforce

import "strings"

// Object is one sObject.
type Object struct {
	Name   string
	Prefix string // of its ids
	Fields []Field
}

// Field is one field.
type Field struct {
	Name       string
	Type       string   // string textarea email phone picklist multipicklist int double currency boolean date datetime reference id
	Length     int      // in characters, of texts
	Digits     int      // before the decimal point, of numbers
	Scale      int      // behind it; what is beyond is rounded
	Required   bool     // on create; null is refused
	ExternalID bool     // upserts may name it
	Unique     bool     // compared without case (§2.1 [doc])
	Values     []string // of a picklist
	Restricted bool     // other values are refused (§2.4)
	ReadOnly   bool     // neither createable nor updateable
	References string   // the object a reference leads to; empty: any id
	Also       string   // prefix of ids of another object that it takes unseen
}

// Field gives a field by its name, in any case as everywhere in the API; nil when there is none.
func (o *Object) Field(name string) *Field {
	for i := range o.Fields {
		if strings.EqualFold(o.Fields[i].Name, name) {
			return &o.Fields[i]
		}
	}
	return nil
}

// relation gives the reference field behind a relationship name: Lead__r is Lead__c.
func (o *Object) relation(name string) *Field {
	base, ok := strings.CutSuffix(name, "__r")
	if !ok {
		return nil
	}
	if f := o.Field(base + "__c"); f != nil && f.Type == "reference" {
		return f
	}
	return nil
}

func text(length int, names ...string) (out []Field) {
	for _, name := range names {
		out = append(out, Field{Name: name, Type: "string", Length: length})
	}
	return out
}

func area(name string, length int) Field { return Field{Name: name, Type: "textarea", Length: length} }
func when(name string) Field             { return Field{Name: name, Type: "datetime"} }
func yesNo(name string) Field            { return Field{Name: name, Type: "boolean"} }
func number(name, kind string, digits, scale int) Field {
	return Field{Name: name, Type: kind, Digits: digits, Scale: scale}
}

func pick(name string, restricted bool, values ...string) Field {
	return Field{Name: name, Type: "picklist", Length: 255, Values: values, Restricted: restricted}
}

func readOnly(name, kind string) Field {
	return Field{Name: name, Type: kind, ReadOnly: true, Length: 255}
}

// Schema is what a new org has: Lead and Task as Salesforce ships them, as far as leads need them, and what a lender makes
// for leadrelay: the CRF_ fields and the object CRF_Event__c. It is the caller's own copy, to change for a test.
func Schema() []Object { return []Object{leadObject(), eventObject(), taskObject()} }

// leadObject has the lengths of §2.4: [doc] but for Street, State, PostalCode and Title [mem].
func leadObject() Object {
	f := []Field{
		{Name: "Id", Type: "id", ReadOnly: true},
		readOnly("IsConverted", "boolean"), readOnly("ConvertedContactId", "reference"), readOnly("CreatedDate", "datetime"), readOnly("LastModifiedDate", "datetime"), readOnly("Name", "string"),
		{Name: "FirstName", Type: "string", Length: 40},
		{Name: "LastName", Type: "string", Length: 80, Required: true},
		{Name: "Company", Type: "string", Length: 255, Required: true},
		{Name: "Title", Type: "string", Length: 128},
		{Name: "Email", Type: "email", Length: 80},
		{Name: "Phone", Type: "phone", Length: 40}, {Name: "MobilePhone", Type: "phone", Length: 40}, {Name: "Fax", Type: "phone", Length: 40},
		area("Street", 255), {Name: "City", Type: "string", Length: 40}, {Name: "State", Type: "string", Length: 80},
		{Name: "PostalCode", Type: "string", Length: 20}, {Name: "Country", Type: "string", Length: 80},
		number("Latitude", "double", 3, 15), number("Longitude", "double", 3, 15),
		area("Description", 32000),
		number("AnnualRevenue", "currency", 18, 0), number("NumberOfEmployees", "int", 8, 0),
		pick("Rating", false, "Hot", "Warm", "Cold"), pick("Industry", false, "Retail", "Other"), pick("LeadSource", false, "Web", "Partner Referral", "Other"),
		pick("Status", true, "Open - Not Contacted", "Working - Contacted", "Closed - Not Converted", "Closed - Converted"),
		{Name: "OwnerId", Type: "reference"},
		{Name: "CRF_Lead_Id__c", Type: "string", Length: 100, ExternalID: true, Unique: true},
	}
	f = append(f, text(100, "CRF_Partner__c", "CRF_Submission_Id__c", "CRF_Duplicate_Id__c", "CRF_County__c", "CRF_Preferred_Contact_Method__c",
		"CRF_Status__c", "CRF_State__c", "CRF_Disqualified_Reason__c", "CRF_Withdrawn_Reason__c", "CRF_Use_Of_Proceeds__c",
		"CRF_Finance_Needed_By__c", "CRF_Years_In_Business__c", "CRF_Industry__c", "CRF_Business_Type__c", "CRF_Revenue_Last_Year__c",
		"CRF_Revenue_Projected__c", "CRF_FICO_Score__c", "CRF_Prior_Bankruptcies__c", "CRF_Census_Tract__c", "CRF_How_Did_You_Hear__c",
		"CRF_Preferred_Contact_Time__c", "CRF_Lead_Source_Id__c", "CRF_Service_Partner_Id__c", "CRF_Product_Id__c", "CRF_Product_Kind__c",
		"CRF_Product_Loan_Type__c", "CRF_Product_Collateral_Type__c", "CRF_Product_Payment_Frequency__c", "CRF_Product_Set_Id__c",
		"CRF_Client_Reference_Id__c", "CRF_Country_Moving_To__c", "CRF_Ccy_Pair__c", "CRF_ETV__c", "CRF_Service_Required__c",
		"CRF_Company_Number__c", "CRF_Last_Event__c", "CRF_Last_Event_Priority__c", "CRF_Credzu_Event__c", "CRF_Verification_Id__c",
		"CRF_Verification_Status__c", "CRF_Verification_Result__c", "CRF_Verification_Score__c", "CRF_Verification_Source__c", "CRF_IP_Address__c")...)
	f = append(f, text(200, "CRF_Lead_Source_Name__c", "CRF_Lead_Source_Route__c", "CRF_Service_Partner_Name__c", "CRF_Service_Partner_Route__c",
		"CRF_Lead_Owner__c", "CRF_Product_Name__c", "CRF_Product_Term_Range__c", "CRF_Product_APR_Range__c", "CRF_Product_Set_Name__c")...)
	f = append(f, when("CRF_Date_Created__c"), when("CRF_Funded_Date__c"), when("CRF_Last_Event_At__c"), when("CRF_Credzu_Event_At__c"), when("CRF_Verified_At__c"),
		yesNo("CRF_Has_Business_Plan__c"), yesNo("CRF_CRA_Eligible_Tract__c"), yesNo("CRF_CDFI_Investment_Area__c"), yesNo("CRF_Will_Receive_Assistance__c"),
		area("CRF_Collateral_Types__c", 500), area("CRF_Assistance_Options__c", 500), area("CRF_Product_Tags__c", 500), area("CRF_Ownership_Demographics__c", 500),
		area("CRF_Payload__c", 131072), area("CRF_Proof_Data__c", 131072), Field{Name: "CRF_Date_Of_Birth__c", Type: "date"},
		number("CRF_Requested_Amount__c", "currency", 16, 2), number("CRF_Net_Profit__c", "currency", 16, 2), number("CRF_Funded_Amount__c", "currency", 16, 2),
		number("CRF_Funded_Interest_Rate__c", "double", 6, 4), number("CRF_Funded_APR__c", "double", 6, 4), number("CRF_Funded_Term_Months__c", "double", 6, 2),
		number("CRF_Funded_Amortization_Months__c", "double", 6, 2), number("CRF_Fraud_Score__c", "double", 3, 4), number("CRF_Credzu_Score__c", "double", 6, 0))
	return Object{Name: "Lead", Prefix: "00Q", Fields: f}
}

// eventObject is §2.7.
func eventObject() Object {
	return Object{Name: "CRF_Event__c", Prefix: "a01", Fields: []Field{
		{Name: "Id", Type: "id", ReadOnly: true}, readOnly("Name", "string"), readOnly("CreatedDate", "datetime"),
		{Name: "CRF_Event_Key__c", Type: "string", Length: 64, ExternalID: true, Unique: true, Required: true},
		{Name: "CRF_Lead__c", Type: "reference", References: "Lead"},
		{Name: "CRF_Provider__c", Type: "string", Length: 100}, {Name: "CRF_Type__c", Type: "string", Length: 100},
		when("CRF_Occurred_At__c"), {Name: "CRF_Priority__c", Type: "string", Length: 100}, area("CRF_Payload__c", 131072),
	}}
}

func taskObject() Object {
	return Object{Name: "Task", Prefix: "00T", Fields: []Field{
		{Name: "Id", Type: "id", ReadOnly: true}, readOnly("IsClosed", "boolean"), readOnly("CreatedDate", "datetime"),
		{Name: "WhoId", Type: "reference", References: "Lead", Also: "003"}, {Name: "OwnerId", Type: "reference"},
		{Name: "Subject", Type: "string", Length: 255}, area("Description", 32000), {Name: "ActivityDate", Type: "date"},
		pick("Status", false, "Not Started", "In Progress", "Completed"), pick("Priority", false, "High", "Normal", "Low"),
	}}
}
